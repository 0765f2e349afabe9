import Postgres

/// Which history of its data a Postgres writes. A replica that takes over begins a new one, and so does a restore: it lacks
/// what was committed and had not arrived there.
///
/// A run goes on from what it has written, so it ends where that may no longer be there. A standby that shares the
/// primary's disk (RDS Multi-AZ) loses nothing and goes on with the same history.
enum Timeline {
  /// SQL that yields it: how the names of WAL files begin. Any role may ask, and it costs no more than a function call.
  static let told: StaticString = "left(pg_walfile_name(pg_current_wal_lsn()), 8)"

  /// SQL that yields which cluster and database it is: the same on its replicas and after a restore to a moment, and another
  /// everywhere else.
  static let origin: StaticString =
    "(select system_identifier from pg_control_system()) || '/' || (select oid from pg_database where datname = current_database())"

  /// What stands in the place of either on a server that does not report it.
  static let untold: StaticString = "null::text"

  /// Whether a statement may have failed because the server does not report its timeline.
  ///
  /// Aurora answers 0A000 ("currently not supported for Aurora") or 55000 ("wal_level must be set to 'logical'"). Elsewhere
  /// somebody may have revoked the functions, and servers that only speak like Postgres lack them.
  static func mayBeUntold(_ error: PostgresError) -> Bool {
    guard let state = error.state else { return false }
    return [.featureNotSupported, .objectNotInPrerequisiteState, .insufficientPrivilege, .undefinedFunction]
      .contains(state)
  }

  /// What is said of a server that does not report it.
  static let remark =
    "Postgres does not report its timeline, so a run does not notice a failover to a replica that lags, unless its fence is lost with it; replicas of Aurora share one storage and do not lag in what is committed"

  static let question: Statement = "select \(text: told) as timeline"

  /// - Parameter change: what it was noticed by.
  static func failure(_ change: String) -> JobFailure {
    JobFailure(
      .failover, "Postgres has failed over to a replica, or was restored, since this run started: \(change)",
      hint:
        "Start the job again: it goes on from what this Postgres has. What had not arrived there before the failover is done again."
    )
  }
}
