public import JobRuntime
public import Postgres

/// How a job writes events: rows of `oneshot.events`, in the transaction of the change that they report.
public enum Outbox {
  /// What a job needs of the table to write events.
  public static let need = TableNeed(
    "oneshot.events", columns: ["dedup", "event", "run_id"], privileges: [],
    limits: [.insert: ["dedup", "event", "run_id"], .select: ["dedup"]])

  /// The migration that makes the table.
  public static let schema = MigrationNeed("events", 1)

  /// A statement that writes an event for each row, in the order of `place`.
  ///
  /// A row whose `dedup` already exists adds nothing.
  ///
  /// It has inputs `moment`, the run's, and `run_id`.
  ///
  /// - Parameter rows: a query, or the name of one, that yields `(place, dedup, type, data)`.
  public static func writing(_ rows: SQLFragment) -> SQLFragment {
    SQLFragment("write_events.sql", PackageResources.write_events_sql).filling(["rows": rows])
  }
}
