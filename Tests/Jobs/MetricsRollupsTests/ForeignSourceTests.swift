import Foundation
import TestSupport
import Testing

/// A source that reads MySQL through mysql_fdw.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ForeignSourceTests {
  /// What becomes of a connection that has ended.
  enum Aftermath: CaseIterable {
    case none
    /// mysql_fdw makes another, as it does once Postgres' caches were reset.
    case replaced
    /// The client library makes another.
    case reconnected
  }

  @Test(arguments: [1, 5, 12, 20], Aftermath.allCases)
  func `a connection that ends in the middle of a table rolls up no part of it`(
    fetch: Int, aftermath: Aftermath
  ) async throws {
    let rollups = try await Rollups()
    guard let server = try await MariaDB.foreign(to: rollups.place) else { return }
    let fading = try FadingMariaDB(server)
    try await server.lines(
      """
      create user jobs identified by 'secret'; grant select on app.* to jobs;
      create database app; use app; create table orders (id bigint primary key, amount double, paid_at datetime);
      insert into orders select seq, 2.5, '2025-11-05 00:00:00' + interval seq minute from seq_1_to_1000;
      """)
    try await fading.define(in: rollups.place, aftermath == .reconnected ? ", reconnect 'true'" : "")
    try await rollups.place.execute(
      """
      create foreign table orders (id bigint, amount float8, paid_at timestamp) server mariadb options (dbname 'app')
      """)
    let folder = try TemporaryFolder()
    try """
    select 'revenue' as metric, 'shop' as entity_type, '1' as entity_id, amount as value,
      paid_at at time zone 'UTC' as occurred_at
    from orders
    where paid_at >= :window_start at time zone 'UTC' and paid_at < :window_end at time zone 'UTC'
    """.write(toFile: "\(folder.path)/orders.sql", atomically: true, encoding: .utf8)
    let (servers, url) = (rollups.place.servers, rollups.place.databaseURL)
    fading.end(at: fetch) {
      guard aftermath == .replaced else { return }
      let change = "alter server mariadb options (add reconnect 'false')"
      do { try servers.shell("psql -X -q -d '\(url)' -c \"\(change)\"") } catch { Issue.record(error) }
    }
    let run = try await rollups.run([], ["ROLLUPS_SOURCES_DIR": folder.path, "JOB_BACKOFF_MAX": "0s"])
    #expect(fading.hasEnded)
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    // The first fetch is the one that confirms: all had been read by then, and who has a new connection sees no loss.
    if fetch > 1 || aftermath == .none {
      #expect(run.errors.contains("was lost while its tables were read"), "\(run.errors)")
    }
    let total = "select sum(count) || ' ' || sum(sum) from metric_rollups where granularity = 'hourly'"
    #expect(try await rollups.place.value(total) == "1000 2500")
  }
}
