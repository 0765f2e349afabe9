import Postgres

/// The timeline of a Postgres: the history of its data.
///
/// A replica that takes over begins a new one, and so does a restore: it lacks what was committed and had not arrived
/// there.
///
/// A run builds on what it has written, so it ends when that may no longer be there. A standby that shares the
/// primary's disk (RDS Multi-AZ) loses nothing and keeps the timeline.
enum Timeline {
  /// SQL that yields the timeline: the first part of the names of WAL files.
  ///
  /// Any role may read it, and it costs no more than a function call.
  static let expression: StaticString = "left(pg_walfile_name(pg_current_wal_lsn()), 8)"

  /// SQL that identifies the cluster and database: the same on its replicas and after a point-in-time restore, and
  /// different everywhere else.
  static let origin: StaticString =
    "(select system_identifier from pg_control_system()) || '/' || (select oid from pg_database where datname = current_database())"

  /// SQL in the place of either on a server that does not report it.
  static let unavailable: StaticString = "null::text"

  /// Whether a statement may have failed because the server does not report its timeline.
  ///
  /// Aurora answers 0A000 ("currently not supported for Aurora") or 55000 ("wal_level must be set to 'logical'").
  /// Elsewhere somebody may have revoked the functions, and servers that only imitate Postgres lack them.
  static func mayBeUnavailable(_ error: PostgresError) -> Bool {
    guard let state = error.state else { return false }
    return [.featureNotSupported, .objectNotInPrerequisiteState, .insufficientPrivilege, .undefinedFunction]
      .contains(state)
  }

  /// The remark about a server that does not report it.
  static let remark =
    "Postgres does not report its timeline, so a run does not notice a failover to a replica that lags, unless its fence is lost with it; replicas of Aurora share one storage and do not lag in what is committed"

  static let question: Statement = "select \(text: expression) as timeline"

  /// - Parameter change: how the failover was noticed.
  static func failure(_ change: String) -> JobFailure {
    JobFailure(
      .failover, "Postgres has failed over to a replica, or was restored, since this run started: \(change)",
      hint:
        "Start the job again: it continues from what this Postgres has. What had not arrived there before the failover is done again."
    )
  }
}
