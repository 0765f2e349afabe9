import Postgres
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct DeadLettersTests {
  private static func runID(_ seed: UInt64) -> RunID {
    var generator = SeededGenerator(seed)
    return RunID(at: Timestamp(seconds: 1_700_000_000), using: &generator)
  }

  private func record(
    _ failures: [ItemFailure], in place: Place, server: String = "", run: UInt64 = 1, at seconds: Int64 = 1_700_000_000
  ) async throws {
    let statements = DeadLetters.recording(
      failures, of: RunIdentity(job: "job", server: server), runID: Self.runID(run), at: Timestamp(seconds: seconds))
    try await place.database.withSession { session in try session.pipeline(statements) }
  }

  private func letters(_ place: Place) async throws -> [[String]] {
    try await place.database.withSession { session in
      try session.query("select * from oneshot.dead_letters order by item").map { row in
        try ["item", "error_kind", "error_message", "attempts", "state", "payload"].map { try row.value($0) }
      }
    }
  }

  @Test func `failing twice in one run is one try and in another run one more`() async throws {
    let place = try await Place()
    try await record([ItemFailure(item: "a", kind: .named("k1"), message: "m1", payload: ["n": 1])], in: place)
    try await record([ItemFailure(item: "a", kind: .named("k2"), message: "m2", payload: ["n": 2])], in: place)
    #expect(try await letters(place) == [["a", "k2", "m2", "1", "pending", #"{"n": 2}"#]])
    try await record([ItemFailure(item: "a", kind: .named("k3"), message: "m3")], in: place, run: 2, at: 1_700_000_100)
    #expect(try await letters(place) == [["a", "k3", "m3", "2", "pending", "{}"]])
    #expect(
      try await place.value(
        "select extract(epoch from last_failed_at - first_failed_at)::integer from oneshot.dead_letters")
        == "100")
  }

  @Test func `an item that fails again after it was resolved is pending again`() async throws {
    let place = try await Place()
    try await record([ItemFailure(item: "a", kind: .named("k"), message: "m")], in: place)
    try await place.execute("update oneshot.dead_letters set state = 'resolved'")
    try await record([ItemFailure(item: "a", kind: .named("k"), message: "m")], in: place, run: 2)
    #expect(try await letters(place).map { $0[4] } == ["pending"])
  }

  @Test(arguments: ["infinity", "-infinity", "12000-01-01", "0044-03-15 BC"])
  func `nobody can ask at a moment that no run could read`(moment: String) async throws {
    let place = try await Place()
    try await record([ItemFailure(item: "a", kind: .named("k"), message: "m")], in: place)
    let error = await #expect(throws: PostgresError.self) {
      try await place.execute("update oneshot.dead_letters set replay_asked_at = '\(moment)'")
    }
    #expect(error?.state?.rawValue == "23514")
  }

  @Test func `an item that is there twice in one batch is one letter`() async throws {
    let place = try await Place()
    try await record(
      [ItemFailure](repeating: ItemFailure(item: "a", kind: .named("k"), message: "m"), count: 3), in: place)
    #expect(try await letters(place).count == 1)
  }

  @Test func `a letter of before servers were noted stays one letter when its item fails again`() async throws {
    let place = try await Place()
    let identity = RunIdentity(job: "job", server: "a:6379/0")
    func query(_ statement: Statement) async throws -> Rows {
      try await place.database.withSession { session in try session.query(statement) }
    }
    try await record([ItemFailure(item: "a", kind: .named("k"), message: "m")], in: place)
    try await place.execute(
      "update oneshot.dead_letters set replay_asked_at = '2025-11-08T02:00:00Z', replay_asked_by = 'ann'")
    let requested = try DeadLetters.requested(identity, after: DeadLetters.Position(), limit: 9)
    let assigned = try await query(requested).map { DeadLetters.assignment(of: try DeadLetter(row: $0)) }
    try #require(assigned.count == 1)
    let run = Self.runID(2)
    _ = try await query(DeadLetters.assign(assigned, of: identity, to: run))
    // Its replay finds it bad once more.
    try await record(
      [ItemFailure(item: "a", kind: .named("k"), message: "n")], in: place, server: identity.server, run: 2)
    _ = try await query(DeadLetters.settle(assigned, done: [], of: identity, by: run))
    let outcome = try await query(DeadLetters.outcome(assigned.map(\.digest), of: identity, of: run)).only()
    let counts = try ["resolved", "failed_again", "left"].map { try outcome.value($0, as: Int.self) }
    #expect(counts == [0, 1, 0])
    #expect(try await letters(place) == [["a", "k", "n", "2", "pending", "{}"]])
    #expect(
      try await place.rows("select server as a, replay_asked_by is null as b from oneshot.dead_letters")
        == [["a:6379/0", "t"]])
    #expect(try await query(requested).isEmpty)
  }

  @Test func `where a Redis has a letter of the item already, the one of before is over when it fails again`()
    async throws
  {
    let place = try await Place()
    for (run, server) in [(1, "a:6379/0"), (2, ""), (3, "a:6379/0")] as [(UInt64, String)] {
      let failures = [ItemFailure(item: "a", kind: .named("k"), message: "m")]
      try await record(failures, in: place, server: server, run: run)
    }
    #expect(
      try await place.rows(
        "select server || ' ' || attempts as a, state as b from oneshot.dead_letters order by server collate \"C\"")
        == [[" 1", "resolved"], ["a:6379/0 2", "pending"]])
  }

  @Test func `no failures are no letters`() async throws {
    let place = try await Place()
    try await record([], in: place)
    #expect(try await letters(place).isEmpty)
  }

  @Test func `items that differ only in their bytes are letters of their own`() async throws {
    let place = try await Place()
    try await record(["é", "e\u{301}", "E"].map { ItemFailure(item: $0, kind: .named("k"), message: "m") }, in: place)
    #expect(try await letters(place).count == 3)
  }

  @Test func `items of any content are letters and may be as long as they like`() async throws {
    let place = try await Place()
    let texts = hostileTexts + [String(repeating: "long", count: 100_000)]
    try await record(
      texts.map { ItemFailure(item: $0, kind: .named("k"), message: $0, payload: ["text": .string($0)]) }, in: place)
    #expect(try await letters(place).count == texts.count)
  }

  @Test func `jobs have letters of their own`() async throws {
    let place = try await Place()
    for job in ["a", "b"] {
      let statements = DeadLetters.recording(
        [ItemFailure(item: "x", kind: .named("k"), message: "m")], of: RunIdentity(job: job), runID: Self.runID(1),
        at: Timestamp(seconds: 0))
      try await place.database.withSession { session in try session.pipeline(statements) }
    }
    #expect(try await letters(place).count == 2)
  }
}
