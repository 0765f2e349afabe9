import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct CancellationTests {
  private static func isRunning(_ marker: String, in place: Place) async throws -> Bool {
    try await place.value(
      "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%\(marker)%'"
    ) != "0"
  }

  /// Whether a process that stands still has a SIGINT before it.
  private static func isInterrupted(_ process: Int32) throws -> Bool {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    return status.split(separator: "\n").contains { line in
      guard line.hasPrefix("ShdPnd:") || line.hasPrefix("SigPnd:") else { return false }
      return UInt64(line.dropFirst(7).drop { $0 == "\t" }, radix: 16).map { $0 & (1 << UInt64(SIGINT - 1)) > 0 }
        ?? false
    }
  }

  /// A second connection to the same place.
  private static func other(_ place: Place, timeout: Duration = .seconds(30)) throws -> Database {
    var options = try ConnectionOptions(url: place.databaseURL, applicationName: "other")
    options.commandTimeout = timeout
    return Database(options)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a cancelled task ends and its statement is gone from the server`() async throws {
    let place = try await Place(migrated: false)
    let other = try Self.other(place)
    let task = Task {
      try await other.withSession { session in try session.query("select pg_sleep(600) as marker_a") }
    }
    try await eventually(within: .seconds(12)) { try await Self.isRunning("marker_a", in: place) }
    task.cancel()
    let error = try await postgresError { try await task.value }
    #expect(error.isCancelled)
    #expect(try await !Self.isRunning("marker_a", in: place))
    let answer = try await other.withSession { session in
      try session.query("select 5 as n").only().value("n", as: Int.self)
    }
    #expect(answer == 5)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a statement is stopped, too, that the server had not begun with when it was first to stop`() async throws {
    let place = try await Place(migrated: false)
    let other = try Self.other(place, timeout: .seconds(1))
    let backend = try await other.withSession { session in
      Int32(try session.query("select pg_backend_pid() as pid").only().value("pid", as: Int.self))
    }
    kill(backend, SIGSTOP)
    defer { kill(backend, SIGCONT) }
    let task = Task {
      try await other.withSession { session in try session.query("select pg_sleep(600) as marker_e") }
    }
    // It forgets the first request when it goes on: nothing runs yet.
    try await eventually { try Self.isInterrupted(backend) }
    kill(backend, SIGCONT)
    #expect(try await postgresError { try await task.value }.isTimedOut)
    #expect(try await !Self.isRunning("marker_e", in: place))
  }

  @Test(.timeLimit(.minutes(10)))
  func `a cancelled transaction is rolled back at once`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer)")
    let other = try Self.other(place)
    let task = Task {
      try await other.transaction { session in
        try session.execute("insert into t values (1)")
        try session.query("select pg_sleep(600) as marker_b")
      }
    }
    try await eventually { try await Self.isRunning("marker_b", in: place) }
    task.cancel()
    await #expect(throws: PostgresError.self) { try await task.value }
    #expect(
      try await place.value(
        "select count(*) from pg_stat_activity where application_name = 'other' and state like 'idle in%'") == "0")
    // Nobody holds a lock on the table any more.
    try await place.execute("set lock_timeout = '5s'; lock table t; select 1")
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a cancelled pipeline ends and the next call works`() async throws {
    let place = try await Place(migrated: false)
    let other = try Self.other(place)
    let task = Task {
      try await other.withSession { session in
        try session.pipeline(["select 1", "select pg_sleep(600) as marker_c", "select 2"])
      }
    }
    try await eventually { try await Self.isRunning("marker_c", in: place) }
    task.cancel()
    await #expect(throws: PostgresError.self) { try await task.value }
    try await eventually { try await !Self.isRunning("marker_c", in: place) }
    let answer = try await other.withSession { session in
      try session.query("select 6 as n").only().value("n", as: Int.self)
    }
    #expect(answer == 6)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a task that is cancelled already sends nothing`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer)")
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await place.database.withSession { session in try session.execute("insert into t values (1)") }
    }
    await #expect(throws: PostgresError.self) { try await task.value }
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a task cancelled after its work still commits`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer)")
    let task = Task {
      try await place.database.transaction { session in
        try session.execute("insert into t values (1)")
        withUnsafeCurrentTask { $0?.cancel() }
      }
    }
    try await task.value
    #expect(try await place.value("select count(*) from t") == "1")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a cancelled COPY stores nothing and the connection goes on`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n bigint)")
    let task = Task {
      try await place.database.withSession { session in
        try session.copy(into: "t", columns: ["n"]) { writer in
          withUnsafeCurrentTask { $0?.cancel() }
          for number in 0..<Int64.max {
            var rows = CopyRows(capacity: 2_000_000)
            for _ in 0..<100_000 {
              rows.beginRow(columns: 1)
              rows.append(bigint: number)
            }
            try writer.write(rows)
          }
        }
      }
    }
    await #expect(throws: PostgresError.self) { try await task.value }
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a statement that takes longer than its limit is stopped on the server`() async throws {
    let place = try await Place(migrated: false)
    let other = try Self.other(place)
    let error = try await postgresError {
      try await other.withSession { session in
        try session.query(("select pg_sleep(600) as marker_d" as Statement).limited(to: .milliseconds(200)))
      }
    }
    #expect(error.isTimedOut)
    #expect(error.isTransient)
    try await eventually { try await !Self.isRunning("marker_d", in: place) }
    let answer = try await other.withSession { session in
      try session.query("select 7 as n").only().value("n", as: Int.self)
    }
    #expect(answer == 7)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a statement may be given more time than the connection's usual limit`() async throws {
    let place = try await Place(migrated: false)
    let other = try Self.other(place, timeout: .seconds(2))
    let answer = try await other.withSession { session in
      try session.query(("select 8 as n from pg_sleep(3)" as Statement).limited(to: .seconds(30))).only()
        .value("n", as: Int.self)
    }
    #expect(answer == 8)
  }
}
