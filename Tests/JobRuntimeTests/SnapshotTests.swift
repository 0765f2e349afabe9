import BlockingIO
import Postgres
import TestSupport
import Testing

@testable import JobRuntime

/// Several connections that see one moment.
@Suite(.timeLimit(.minutes(10))) struct SnapshotTests {
  @Test func `what is committed after the first has looked, no other sees`() async throws {
    let place = try await Place()
    try await place.execute("create table marks (at integer)")
    let hasLooked = Gate()
    // Threads wait for it, not tasks: the connection is lent to synchronous work.
    let isWritten = Handoff<Void>(capacity: 2)
    let result = try await SampleJob { run in
      async let seen = run.snapshot(for: [0, 1, 2]) { item, session in
        if item == 0 { hasLooked.open() } else { _ = try isWritten.next() }
        return try session.query("select count(*), pg_backend_pid() as pid from marks").only()
      }
      try await hasLooked.wait()
      try await place.execute("insert into marks values (1)")
      for _ in 1...2 { try isWritten.send(()) }
      let rows = try await seen
      #expect(try rows.map { try $0.value("count", as: Int.self) } == [0, 0, 0])
      #expect(try Set(rows.map { try $0.value("pid", as: Int.self) }).count == 3)
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
  }

  @Test func `one item uses the run's own connection, and none uses none`() async throws {
    let result = try await SampleJob { run in
      let pid: Statement = "select pg_backend_pid() as pid"
      let own: Int = try await run.read(pid).only().value("pid")
      let lent = try await run.snapshot(for: ["one"]) { _, session -> Int in
        try session.query(pid).only().value("pid")
      }
      #expect(lent == [own])
      #expect(try await run.snapshot(for: [String]()) { _, _ in 1 }.isEmpty)
    }.result(in: Place())
    #expect(result.status == .succeeded, "\(result)")
  }

  @Test func `a connection that is refused keeps no other waiting for it`() async throws {
    let place = try await Place()
    let role = place.own("narrow")
    try await place.execute(
      """
      create role \(role) login connection limit 1;
      grant usage on schema oneshot to \(role);
      grant all on all tables in schema oneshot to \(role)
      """)
    let result = try await SampleJob { run in
      _ = try await run.snapshot(for: [0, 1]) { _, session in _ = try session.query("select 1 as one") }
    }.result(
      in: place,
      [
        "DATABASE_URL": place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)"), "JOB_ATTEMPTS": "1",
      ])
    #expect(result.error?.kind == .unavailable, "\(result)")
    #expect(result.error?.message.contains("too many connections") == true, "\(result)")
  }

  @Test func `what one fails with is what all fail with`() async throws {
    let result = try await SampleJob { run in
      _ = try await run.snapshot(for: [0, 1]) { item, session in
        guard item == 1 else { return }
        throw JobFailure(.misconfigured, "item 1 cannot go on")
      }
    }.result(in: Place())
    #expect(result.error?.message == "item 1 cannot go on", "\(result)")
  }
}
