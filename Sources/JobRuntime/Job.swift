/// A job: its facts, its settings and what it does.
///
/// Everything around the work is the runtime's.
///
/// A job file states, in this order: its facts, `Settings`, `Report`, `run`. See docs/your-first-job.md. Optional parts
/// are separate protocols: `Checkable`, `Replayable`.
public protocol Job: Sendable {
  associatedtype Settings: JobSettings
  associatedtype Report: JobReport

  static var facts: JobFacts { get }

  /// Whether the run writes anything. One that only looks (a status mode) needs no lock and no ledger.
  var writes: Bool { get }

  init(settings: Settings)

  /// Does the work.
  ///
  /// May be run twice, late, or be stopped at any `await` and at any statement. An error that it throws becomes the
  /// run's failure. An item that fails is passed to `tx.reject` instead, and the rest goes on.
  func run(_ run: JobRun) async throws -> Report
}

extension Job {
  /// The name of the executable, lock, ledger and metrics, from the facts.
  public static var name: String { facts.name }
  static var summary: String { facts.summary }
  /// `true`: most jobs need lock and ledger.
  public var writes: Bool { true }

  /// Where the process starts; see `JobMain`.
  @concurrent
  public static func main() async { await JobMain.run(Self.self) }
}

/// The settings of a job, read from the environment.
public protocol JobSettings: Sendable {
  /// Reads every setting once, through the reader, which keeps track of all mistakes.
  init(from env: inout Environment)
}

/// What a run counted.
///
/// In the result, whole numbers become `counts` and everything else `details`, with names in snake_case.
public protocol JobReport: Sendable, Encodable {
  /// How many items were looked at: the total for a share in `JOB_ERROR_BUDGET`, and a metric.
  var itemsProcessed: Int { get }

  /// How much known work the run left to later runs, in the job's own units; 0 once it has caught up. `oneshot health`
  /// reports a number that does not shrink from run to run.
  var behind: Int { get }

  /// Whether its counts are metrics, too: where what becomes of items is watched, `sent` beside `failed`.
  var countsAreMetrics: Bool { get }

  /// Age in seconds of the oldest work that it left to later runs; `nil` where it left none, or the age is unknown. In
  /// the result it is `details.oldest_seconds`, by which `oneshot health` judges it.
  var oldestSeconds: Double? { get }

  /// Whether the run found something that no `JOB_ERROR_BUDGET` allows: differences of a verification.
  var exceedsBudget: Bool { get }
}

extension JobReport {
  /// 0: the job does not count items, so a budget in percent has no base.
  public var itemsProcessed: Int { 0 }
  /// 0: the run leaves no known work.
  public var behind: Int { 0 }
  /// `false`: counts stand in the result alone.
  public var countsAreMetrics: Bool { false }
  /// `nil`: the run left no work, or its age is unknown.
  public var oldestSeconds: Double? { nil }
  /// `false`: rejected items alone decide.
  public var exceedsBudget: Bool { false }

  /// The report's two parts in the result.
  func split() throws -> (counts: JSON, details: JSON) {
    guard case .object(let members) = try JSON(encoding: self) else { return ([:], [:]) }
    func isCount(_ member: JSON.Member) -> Bool { if case .integer = member.value { true } else { false } }
    return (.object(members.filter(isCount)), .object(members.filter { !isCount($0) }))
  }
}
