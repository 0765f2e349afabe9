import BlockingIO
import Foundation
import Postgres
import TestSupport
import Testing

@Suite(.serialized) struct LostConnectionTests {
  private static func backend(_ session: borrowing Session) throws -> Int32 {
    Int32(try session.query("select pg_backend_pid() as pid").only().value("pid", as: Int.self))
  }

  @Test(.timeLimit(.minutes(10)))
  func `a server process that stands still is noticed`() async throws {
    let place = try await Place(migrated: false)
    var options = try ConnectionOptions(url: place.databaseURL, applicationName: "other")
    options.commandTimeout = .seconds(1)
    let other = Database(options)
    let before = ContinuousClock.now
    let error = try await postgresError {
      try await other.withSession { session in
        let pid = try Self.backend(session)
        kill(pid, SIGSTOP)
        defer { kill(pid, SIGCONT) }
        try session.query("select 1")
      }
    }
    #expect(error.isTimedOut)
    #expect(ContinuousClock.now - before < .seconds(60))
    let answer = try await other.withSession { session in
      try session.query("select 3 as n").only().value("n", as: Int.self)
    }
    #expect(answer == 3)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a session that an administrator ends is an error that passes and the next call connects anew`() async throws {
    let place = try await Place(migrated: false)
    let other = try Database(ConnectionOptions(url: place.databaseURL, applicationName: "victim"))
    let task = Task { try await other.withSession { session in try session.query("select pg_sleep(600)") } }
    try await eventually {
      try await place.value(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'victim' and state = 'active'"
      ) == "1"
    }
    let error = try await postgresError { try await task.value }
    #expect(error.isConnection || error.state?.rawValue == "57P01")
    #expect(error.isTransient)
    let answer = try await other.withSession { session in
      try session.query("select 4 as n").only().value("n", as: Int.self)
    }
    #expect(answer == 4)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a connection lost between two statements of a transaction fails the transaction`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer)")
    let other = try Database(ConnectionOptions(url: place.databaseURL, applicationName: "victim"))
    let (pids, pid) = AsyncStream.makeStream(of: Int32.self)
    let gone = Handoff<Bool>(capacity: 1)
    let task = Task {
      try await other.transaction { session in
        try session.execute("insert into t values (1)")
        pid.yield(try Self.backend(session))
        _ = try gone.next()
        try session.execute("insert into t values (2)")
      }
    }
    var iterator = pids.makeAsyncIterator()
    let victim = try #require(await iterator.next())
    _ = try await place.value("select pg_terminate_backend(\(victim))")
    try await eventually { try await place.value("select count(*) from pg_stat_activity where pid = \(victim)") == "0" }
    try gone.send(true)
    let error = try await postgresError { try await task.value }
    #expect(error.isTransient)
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a server that is killed is an error that passes wherever it is met`() async throws {
    // A private one: killing a backend restarts all others.
    let servers = try PrivateServers()
    let database = try Database(ConnectionOptions(url: servers.databaseURL, applicationName: "victim"))
    func meets(_ work: @escaping @Sendable (borrowing Session) throws -> Void) async throws -> PostgresError {
      try await eventually { (try? await database.withSession { session in try session.query("select 1") }) != nil }
      return try await postgresError {
        try await database.withSession { session in
          kill(try Self.backend(session), SIGKILL)
          try work(session)
        }
      }
    }
    let query = try await meets { session in try session.query("select 1") }
    #expect(query.isTransient, "\(query)")
    let pipeline = try await meets { session in try session.pipeline(["select 1", "select 2"]) }
    #expect(pipeline.isTransient, "\(pipeline)")
    let script = try await meets { session in try session.execute(script: "select 1; select 2", limit: .seconds(30)) }
    #expect(script.isTransient, "\(script)")
    let copy = try await meets { session in try session.copy(into: "pg_class", columns: ["oid"]) { _ in } }
    #expect(copy.isTransient, "\(copy)")
    withExtendedLifetime(servers) {}
  }
}
