/// What a run reports to a monitoring system: the seven series of every job, and two that some jobs have.
///
/// The channels differ only in how they write them.
struct Metrics: Sendable, Equatable {
  var identity: RunIdentity
  var status: RunStatus
  var finishedAt: Timestamp
  var duration: Duration
  var itemsProcessed: Int
  /// Items of this run that failed.
  var itemsFailed: Int
  /// What the run counted, of a job whose counts are metrics, by name.
  var counts: [Count] = []
  /// Age of the oldest work that it left.
  var oldestSeconds: Double?
  /// `nil` when they could not be read: then the values that come only from them are not known.
  var totals: RunTotals?

  enum Kind: String, Sendable { case counter, gauge }

  /// In CloudWatch's words.
  enum Unit: String, Sendable { case none = "None", count = "Count", seconds = "Seconds" }

  struct Series: Sendable, Equatable {
    var name: String
    var kind: Kind
    var unit: Unit
    var help: String
    var samples: [Sample]
  }

  struct Sample: Sendable, Equatable {
    /// Distinguished only in the first series.
    var status: RunStatus?
    /// Distinguished only in `job_counts`.
    var count: String?
    /// `nil` when it is not known.
    var value: Double?
    /// What this run added to a counter, for channels that add up by themselves.
    var growth = 0
  }

  struct Count: Sendable, Equatable {
    var name: String
    var value: Int64
  }

  struct Label: Sendable, Equatable {
    var name: String
    var value: String
  }

  /// The seven in the order of the run contract, and then what only some jobs have.
  var series: [Series] {
    [
      Series(
        name: "job_runs_total", kind: .counter, unit: .count, help: "Runs that have ended, by how they ended.",
        samples: RunTotals.endings.map { ending in
          Sample(
            status: ending, value: totals?.runs[ending].map { Double($0) }, growth: ending == status ? 1 : 0)
        }),
      gauge("job_duration_seconds", .seconds, "How long the last run took.", Double(duration.inMilliseconds) / 1000),
      gauge(
        "job_last_success_timestamp", .seconds, "When a run last succeeded, in seconds since 1970; 0 when none has.",
        totals.map { Double(($0.lastSucceededAt?.microseconds ?? 0) / 1_000_000) }),
      gauge("job_health", .none, "1 when the last run succeeded, else 0.", isHealthy ? 1 : 0),
      gauge(
        "job_consecutive_failures", .count, "Runs since the last one that succeeded.",
        totals.map { Double($0.consecutiveFailures) }),
      gauge("job_items_processed", .count, "Items that the last run looked at.", Double(itemsProcessed)),
      Series(
        name: "job_dlq_messages_total", kind: .counter, unit: .count,
        help: "Failures of items that became dead letters.",
        samples: [Sample(value: totals.map { Double($0.deadLetters) }, growth: itemsFailed)]),
    ] + some
  }

  private var some: [Series] {
    var series: [Series] = []
    if !counts.isEmpty {
      series.append(
        Series(
          name: "job_counts", kind: .gauge, unit: .count, help: "What the last run counted, by name.",
          samples: counts.map { Sample(count: $0.name, value: Double($0.value)) }))
    }
    if let oldestSeconds {
      series.append(
        gauge(
          "job_oldest_seconds", .seconds, "Age of the oldest work that the last run left; 0 when it left none.",
          oldestSeconds))
    }
    return series
  }

  /// The label of the Redis that the run's data are in.
  static let server = "server"

  var job: String { identity.job }
  var shard: Shard { identity.shard }

  static func counts(of result: RunResult) -> [Count] {
    guard case .object(let members) = result.counts else { return [] }
    return members.compactMap { member in
      if case .integer(let value) = member.value { Count(name: member.key, value: value) } else { nil }
    }
  }

  /// The labels of a sample.
  ///
  /// Whatever has separate totals has separate labels, or one would overwrite the other.
  func labels(of sample: Sample) -> [Label] {
    [Label(name: "job_name", value: job)] + parts.map { Label(name: $0.name, value: $0.value) }
      + (sample.status.map { [Label(name: "status", value: $0.rawValue)] } ?? [])
      + (sample.count.map { [Label(name: "count", value: $0)] } ?? [])
  }

  /// What distinguishes the job's runs, as far as there is anything.
  var parts: [(name: String, value: String)] {
    [
      // Not «instance»: in Prometheus that is the scraped target, and the label would be renamed.
      ("job_instance", identity.instance), (Self.server, identity.server), ("variant", identity.series),
      ("shard", shard.isWhole ? "" : String(shard.index)),
    ].filter { !$0.value.isEmpty }
  }

  /// From the totals where they are known: a run that was overtaken is not the last one.
  private var isHealthy: Bool { totals.map { $0.consecutiveFailures == 0 } ?? (status == .succeeded) }

  private func gauge(_ name: String, _ unit: Unit, _ help: String, _ value: Double?) -> Series {
    Series(name: name, kind: .gauge, unit: unit, help: help, samples: [Sample(value: value)])
  }

  /// A number as every channel takes it: whole numbers without a point, none with an exponent.
  static func text(of value: Double) -> String { Int64(exactly: value).map { String($0) } ?? "\(value)" }
}
