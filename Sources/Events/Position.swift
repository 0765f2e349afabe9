public import JobRuntime
import Postgres

/// How far a partition is read, from `oneshot.event_positions`.
///
/// A batch locks the row, if it is unchanged, until the batch has moved it: of two runs only one succeeds.
public struct Position: Sendable {
  /// The partition that is read.
  public let partition: Partition
  /// For a stream, the last entry whose outcome is committed; for the table, the text of a `TablePosition`.
  public var place: String
  /// How many batches were committed.
  public var batch: Int
  /// How many runs have found unfinished work here since a batch was committed.
  public var tries: Int
  /// How many entries had been added to the stream when it was last read to its end, and how many were read since.
  public var added: Int?
  /// How many entries were read since the stream was last read to its end.
  public var read: Int

  /// What the server reported with the position.
  public struct Moment: Sendable {
    /// What a transaction sees now (`pg_current_snapshot`).
    public let snapshot: String
    /// The server's clock, when it read the position.
    public let now: Timestamp
  }

  /// Reads the position of a partition; `nil` where it was never read.
  public static func read(_ partition: Partition, _ run: JobRun) async throws -> (Position?, Moment) {
    let row = try await run.read(
      Statement(
        file: "position.sql", PackageResources.position_sql,
        binding: ["source": partition.source, "partition": partition.number])
    ).only()
    let moment = Moment(snapshot: try row.value("snapshot"), now: try row.value("server_now"))
    guard let place: String = try row.optional("position") else { return (nil, moment) }
    let position = Position(
      partition: partition, place: place, batch: try row.value("batch"), tries: try row.value("tries"),
      added: try row.optional("entries_added"), read: try row.value("entries_read"))
    return (position, moment)
  }

  /// The partitions of a source, from a number on, that were ever read.
  public static func others(of source: String, from first: Int, _ run: JobRun) async throws -> [Partition] {
    let others: Statement = """
      select partition from oneshot.event_positions where source = \(source) and partition >= \(first) order by partition
      """
    return try await run.read(others).map { Partition(source: source, number: try $0.value("partition")) }
  }

  /// Records where reading begins.
  public static func begin(
    _ partition: Partition, at place: String, added: Int?, _ run: JobRun
  ) async throws -> Position {
    let begun: Statement = """
      insert into oneshot.event_positions (source, partition, position, entries_added, moved_at, run_id)
      values (\(partition.source), \(partition.number), \(place), \(added), \(run.scheduledAt), \(run.id))
      on conflict do nothing
      """
    guard try await run.transaction({ tx in try tx.execute(begun) }) == 1 else { throw overtaken(partition) }
    return Position(partition: partition, place: place, batch: 0, tries: 0, added: added, read: 0)
  }

  /// The partitions of a Kafka topic that were ever read, and the cluster of each position.
  public static func clusters(of source: String, _ run: JobRun) async throws -> [Int: String?] {
    let known: Statement = "select partition, cluster from oneshot.event_positions where source = \(source)"
    return Dictionary(
      uniqueKeysWithValues: try await run.read(known).map { (try $0.value("partition"), try $0.optional("cluster")) })
  }

  /// Records where reading begins in partitions of a Kafka topic, except for those in which another run has begun.
  public static func begin(
    _ places: [(partition: Partition, place: String)], cluster: String?, _ run: JobRun
  ) async throws {
    let begun: Statement = """
      insert into oneshot.event_positions (source, partition, position, cluster, moved_at, run_id)
      select source, partition, place, \(cluster)::text, \(run.scheduledAt)::timestamptz, \(run.id)::uuid
      from unnest(
        \(places.map(\.partition.source))::text[], \(places.map(\.partition.number))::integer[],
        \(places.map(\.place))::text[]
      ) as b (source, partition, place)
      on conflict do nothing
      """
    try await run.transaction { tx in _ = try tx.execute(begun) }
  }

  /// Moves a position past entries that cannot be read.
  ///
  /// - Parameter failures: the entries that are missing because of that.
  public mutating func skip(to place: String, _ failures: [ItemFailure], _ run: JobRun) async throws {
    let moving = try moving(to: place, entries: 0, at: run.scheduledAt, run)
    let partition = partition
    try await run.transaction { tx in
      guard try tx.execute(moving) == 1 else { throw Self.overtaken(partition) }
      try tx.reject(failures)
    }
    self.place = place
    batch += 1
    tries = 0
  }

  /// Records that a run has found unfinished work.
  public mutating func countTry(_ run: JobRun) async throws {
    let counting: Statement = """
      update oneshot.event_positions set tries = tries + 1, run_id = \(run.id)
      where (source, partition) = (\(partition.source), \(partition.number)) and batch = \(batch)
      returning tries
      """
    let partition = partition
    tries = try await run.transaction { tx in
      guard let row = try tx.query(counting).first else { throw Self.overtaken(partition) }
      return try row.value("tries", as: Int.self)
    }
  }

  /// Notes how many entries the stream has had, now that it is read to its end.
  ///
  /// - Parameter failures: the entries that are known to be missing.
  public mutating func noteEnd(added: Int, _ failures: [ItemFailure], _ run: JobRun) async throws {
    try await note(added: added, read: 0, failures, run)
  }

  /// Records entries that were delivered and are gone, which counts them as read.
  public mutating func noteMissed(_ failures: [ItemFailure], _ run: JobRun) async throws {
    try await note(added: added, read: read + failures.count, failures, run)
  }

  private mutating func note(added: Int?, read: Int, _ failures: [ItemFailure], _ run: JobRun) async throws {
    let noting: Statement = """
      update oneshot.event_positions set entries_added = \(added), entries_read = \(read), run_id = \(run.id)
      where (source, partition) = (\(partition.source), \(partition.number)) and batch = \(batch)
      """
    let partition = partition
    try await run.transaction { tx in
      guard try tx.execute(noting) == 1 else { throw Self.overtaken(partition) }
      try tx.reject(failures)
    }
    (self.added, self.read) = (added, read)
  }

  /// Yields and locks one row, unless another run has moved the position.
  var holding: Statement {
    """
    select 1 from oneshot.event_positions
    where (source, partition) = (\(partition.source), \(partition.number)) and position = \(place) and batch = \(batch)
    for no key update
    """
  }

  /// - Parameters:
  ///   - place: the position once this is committed.
  ///   - entries: how many of the source's were read on the way.
  func moving(to place: String, entries: Int, at moment: Timestamp, _ run: JobRun) throws -> Statement {
    try Statement(
      file: "moved.sql", PackageResources.moved_sql,
      binding: [
        "source": partition.source, "partition": partition.number, "old_position": self.place, "new_position": place,
        "batch": batch, "entries": entries, "moment": moment, "run_id": run.id,
      ])
  }

  static func overtaken(_ partition: Partition) -> JobFailure {
    JobFailure(
      .fenced, "another run has moved the position of \(partition.name) meanwhile",
      hint: "Nothing to do: this batch was rolled back, and the other run does it.")
  }
}
