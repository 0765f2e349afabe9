package import JobRuntime

/// One part of a job with its history: a line of `oneshot health`.
package struct HealthPart: Sendable {
  package var part: JobPart
  /// How many shards share the work now.
  package var shardCount: Int
  /// The runs with the present number of shards, the newest first.
  package var runs: [LedgerRun]

  package var newest: LedgerRun? { runs.first }
  /// Successes of its usual work: one-off runs are not comparable.
  package var successes: [LedgerRun] { runs.filter { $0.isGood && !$0.isOnce } }
  package var lastSuccess: LedgerRun? { successes.first }
  package var running: LedgerRun? { runs.first { $0.status == .running } }

  /// The runs that have ended since the last good one.
  ///
  /// A success of the usual work also ends failures of one-off runs; the reverse is not true.
  package var failures: [LedgerRun] {
    let since = runs.prefix { !$0.isGood || $0.isOnce }
    let open = since.prefix { !$0.isGood }.count
    return since.enumerated().filter { index, run in
      !run.isGood && run.status != .running && (!run.isOnce || index < open)
    }.map(\.element)
  }

  /// Since when the oldest work that its last run left has waited.
  package var oldestWork: Timestamp? {
    guard let last = runs.first(where: { $0.status != .running }), let seconds = last.oldestSeconds, seconds > 0,
      let end = last.finishedAt
    else { return nil }
    return end - .milliseconds(Int64(min(seconds, 1e9) * 1000))
  }

  /// The name of the lock of its runs.
  package var lockName: String { newest?.lockName ?? RunIdentity.qualified(part.job, part.instance) }

  /// The usual duration of the successes before a run; `nil` where they are too few.
  package func usual(before run: LedgerRun) -> Duration? {
    let earlier = successes.filter { $0.startedAt < run.startedAt }.prefix(Judgement.longestHistory)
    guard earlier.count >= Judgement.shortestHistory else { return nil }
    return earlier.compactMap(\.duration).median
  }
}

extension LedgerRun {
  /// Whether the run went well.
  ///
  /// A doctor's run that has found something and ends as `partial` counts as good.
  package var isGood: Bool { status == .succeeded || (status == .partial && part.job == JobPart.doctor) }
}

extension JobPart {
  /// The job that judges the others.
  package static let doctor = "job-doctor"
}

extension HealthFacts {
  /// The present parts: for each variant the shards that share its work since its newest run.
  package var parts: [HealthPart] {
    let wholes = Dictionary(grouping: runs) { run -> JobPart in
      var whole = run.part
      whole.shard = 0
      return whole
    }
    let parts = wholes.values.flatMap { runs -> [HealthPart] in
      // What is run once by hand may share the work otherwise.
      guard let count = (runs.first { !$0.isOnce } ?? runs.first)?.shardCount else { return [] }
      let current = Dictionary(grouping: runs.filter { $0.shardCount == count || $0.isOnce }, by: \.part)
      return current.map { HealthPart(part: $0.key, shardCount: count, runs: $0.value) }
    }
    return parts.sorted { $0.part < $1.part }
  }
}

extension [Duration] {
  /// The middle element; for an even number of elements the mean of the two.
  var median: Duration? {
    let sorted = sorted()
    guard !isEmpty else { return nil }
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
  }
}
