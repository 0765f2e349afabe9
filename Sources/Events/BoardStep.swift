public import JobRuntime
import Postgres

/// What one batch adds to one live board: a row of `oneshot.live_batches`.
public struct BoardStep: Sendable {
  /// The key of the board's sorted set in Redis.
  public let board: String
  /// The step that is sent to Redis.
  public private(set) var step: Tally.Step
  /// The batch's number.
  let batch: Int
  /// Whether it is not confirmed that Redis has it.
  public let isUnsent: Bool

  private init(_ row: Row) throws {
    (board, batch, isUnsent) = (try row.value("board"), try row.value("batch"), try row.value("is_unsent"))
    step = Tally.Step(mark: try row.value("mark"), previous: try row.value("previous"), members: [], deltas: [])
  }

  /// Reads rows of one member each.
  static func steps(_ rows: Rows) throws -> [BoardStep] {
    var steps: [BoardStep] = []
    for row in rows {
      let next = try BoardStep(row)
      if steps.last?.board != next.board || steps.last?.batch != next.batch { steps.append(next) }
      steps[steps.count - 1].step.members.append(try row.value("member"))
      steps[steps.count - 1].step.deltas.append(try row.value("delta"))
    }
    return steps
  }

  /// Records what the handlers of a batch have put into `board_deltas`.
  static func gathering(_ position: Position, at moment: Timestamp, _ run: JobRun) throws -> Statement {
    try selecting(
      "board_steps.sql", PackageResources.board_steps_sql, position.partition,
      ["batch": position.batch + 1, "run_id": run.id, "moment": moment])
  }

  /// The newest step of each board of a partition.
  public static func newest(_ partition: Partition, _ run: JobRun) async throws -> [BoardStep] {
    try steps(await run.read(selecting("newest_steps.sql", PackageResources.newest_steps_sql, partition)))
  }

  /// All steps of a board that are still there, the oldest first.
  public static func all(of board: String, _ partition: Partition, _ run: JobRun) async throws -> [BoardStep] {
    try steps(
      await run.read(selecting("board_history.sql", PackageResources.board_history_sql, partition, ["board": board])))
  }

  /// Records that Redis has all steps of some boards, and removes those that it has had for an hour.
  public static func noteSent(_ boards: [String], of partition: Partition, _ run: JobRun) async throws {
    let noting = try fragment("steps_sent.sql", PackageResources.steps_sent_sql, partition, ["boards": boards])
      .statement()
    let forgetting = try fragment("forget_steps.sql", PackageResources.forget_steps_sql, partition).statement()
    try await run.transaction { tx in _ = try tx.pipeline([noting, forgetting]) }
  }

  private static func selecting(
    _ file: String, _ text: [UInt8], _ partition: Partition, _ more: [String: any PostgresEncodable] = [:]
  ) throws -> Statement {
    try fragment(file, text, partition, more)
      .filling(["steps": SQLFragment("steps.sql", PackageResources.steps_sql)]).statement()
  }

  private static func fragment(
    _ file: String, _ text: [UInt8], _ partition: Partition, _ more: [String: any PostgresEncodable] = [:]
  ) -> SQLFragment {
    SQLFragment(file, text, more).binding(["source": partition.source, "partition": partition.number])
  }
}
