import Foundation
import JobRuntime
import Redis
import Synchronization
import TestSupport
import Testing

/// Row 22, at its hardest: a crash of Postgres loses the transaction whose COMMIT was not answered, and its
/// number is given to another session, which commits.
@Suite(.timeLimit(.minutes(10))) struct LostNumberTests {
  /// Nobody writes the log of Postgres to disk but those who commit.
  private static let options = "-c fsync=off -c max_connections=200 -c wal_writer_delay=10s -c autovacuum=off"

  @Test func `22: the number of a lost transaction that another one got is no proof of a COMMIT`() async throws {
    let servers = try await onThread { try PrivateServers(postgresOptions: Self.options) }
    let counters = try await Counters(on: servers)
    try await counters.place.execute("create table other (n integer)")
    let isFirst = Atomic(true)
    let commit = WritingCommit()
    let number = "\(servers.folder)/number"
    let proxy = try Proxy(to: servers.postgresSocket) { piece in
      // New connections wait until the number is taken.
      if piece.isOpening, piece.connection > 1 { return .hold() }
      guard commit.isSent(in: piece), isFirst.exchange(false, ordering: .relaxed) else { return .pass }
      // A server process that is killed makes all others start again from what the log on disk says.
      try? servers.shell(
        """
        set -- $(psql "$DATABASE_URL" -XAtqF ' ' -c "select backend_xid, pid from pg_stat_activity
          where application_name = 'oneshot' and backend_xid is not null")
        echo "$1" >\(number); kill -9 "$2"
        """)
      return .cut()
    }
    defer { proxy.close() }
    // Only days that have counters: the first COMMIT is the one of half of them.
    let days = ["USAGE_DAYS": "2025-11-06..2025-11-07", "JOB_FORCE": "true"]
    let run = try counters.start(postgres: proxy, days)
    try await eventually { proxy.connections > 1 }
    await counters.place.reconnect()
    let lost = try #require(
      Int(String(contentsOfFile: number, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)))
    try await eventually { try await isTaken(lost, counters.place) }
    #expect(try await counters.place.value("select pg_xact_status('\(lost)')") == "committed")
    #expect(try await counters.difference().count == counters.values.count, "the run's transaction is lost")
    proxy.rule = { _ in .pass }
    proxy.release()

    let outcome = await run.outcome()
    #expect(proxy.conversation.contains { $0.contains("pg_xact_status") })
    #expect(outcome.contractBreach == nil)
    // What it cannot know it does not say; or it has found out, and done the day again.
    if outcome.exitCode == 0 {
      try await counters.expectRight()
    } else {
      #expect(outcome.exitCode == 69 && outcome.result["error", "message"].string?.contains("COMMIT") == true)
    }
    #expect(try await counters.run(days).exitCode == 0)
    try await counters.expectRight()
  }

  /// Commits transactions until one has the number.
  private func isTaken(_ number: Int, _ place: Place) async throws -> Bool {
    // The server may still be on its way back.
    guard (try? await place.value("select 1")) != nil else { return false }
    var newest = 0
    while newest < number {
      newest = Int(try await place.value("select pg_current_xact_id()")) ?? 0
    }
    // Further on, it would have to be told from a number that was kept.
    guard newest == number else { throw TestFailure("the number \(number) was not lost: the next one is \(newest)") }
    return true
  }
}
