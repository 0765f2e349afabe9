import Postgres

/// A replica of private servers' Postgres that takes the primary's place when it is told to, with what had arrived by then.
package struct Replica {
  private let servers: PrivateServers
  private let database: Database

  private static let control = #"$ONESHOT_PG_BIN/pg_ctl -D "$ONESHOT_SERVERS/replica" -w"#

  /// Copies the primary as it is, and follows it.
  package init(of servers: PrivateServers) async throws {
    self.servers = servers
    database = try Database(ConnectionOptions(url: servers.databaseURL + "&port=5433", applicationName: "replica"))
    try await onThread {
      try servers.shell(
        #"$ONESHOT_PG_BIN/pg_basebackup -d "$DATABASE_URL" -D "$ONESHOT_SERVERS/replica" -R -X stream -c fast --no-sync"#
      )
      try servers.shell(
        Self.control
          + #" -l "$ONESHOT_SERVERS/replica.log" -o "$(sed s/port=5432/port=5433/ "$ONESHOT_SERVERS/postgres.options")" start"#
      )
    }
  }

  /// Lets all arrive that the primary has now, and nothing after it.
  package func holdBack(after place: Place) async throws {
    let last = try await place.value("pg_current_wal_insert_lsn()")
    try await eventually { try await value("pg_last_wal_replay_lsn() >= '\(last)'") == "true" }
    try await execute("alter system set primary_conninfo = ''")
    try await execute("select pg_reload_conf()")
    try await eventually { try await value("not exists (select from pg_stat_wal_receiver)") == "true" }
  }

  /// Ends the primary as a crash does, and is found where that was.
  package func takeOver(_ place: Place) async throws {
    let servers = servers
    try await onThread {
      try servers.stopPostgres(.immediate)
      try servers.shell(Self.control + " promote")
      // As an address moves from one server to the other.
      try servers.shell(#"mv "$ONESHOT_SERVERS/.s.PGSQL.5433" "$ONESHOT_SERVERS/.s.PGSQL.5432""#)
    }
    await place.database.close()
  }

  private func value(_ sql: String) async throws -> String {
    try await database.withSession { session in
      try session.query(Statement(sql: "select (\(sql))::text as value")).only().value("value")
    }
  }

  private func execute(_ sql: String) async throws {
    _ = try await database.withSession { session in try session.query(Statement(sql: sql)) }
  }
}
