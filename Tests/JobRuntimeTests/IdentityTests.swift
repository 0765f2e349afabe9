import Redis
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// Installations that share one Redis and one database, and jobs whose data are in several.
@Suite(.timeLimit(.minutes(10))) struct IdentityTests {
  private static let slot = ["JOB_SCHEDULED_AT": "2025-11-03T04:00:00Z"]

  private func settings(_ instance: String) -> [String: String] { Self.slot.merging(["JOB_INSTANCE": instance]) { $1 } }

  @Test func `installations neither wait for, skip nor fence one another`() async throws {
    let place = try await Place()
    let inside = Names()
    @Sendable func meet(_ name: String, _ run: JobRun) async throws {
      inside.insert(name)
      // Each is at work while the other is, and both have started before either writes.
      try await eventually { inside.count == 3 }
      try await run.transaction { tx in
        try tx.reject([ItemFailure(item: "x", kind: .named("bad"), message: name)])
      }
    }
    async let none = SampleJob { try await meet("", $0) }.result(
      in: place, Self.slot.merging(["JOB_ERROR_BUDGET": "9"]) { $1 })
    async let first = SampleJob { try await meet("a", $0) }
      .result(in: place, settings("a").merging(["JOB_ERROR_BUDGET": "9"]) { $1 })
    async let second = SampleJob { try await meet("b", $0) }
      .result(in: place, settings("b").merging(["JOB_ERROR_BUDGET": "9"]) { $1 })
    for result in try await [none, first, second] { #expect(result.status == .succeeded, "\(result)") }
    #expect(
      try await place.rows("select instance || ' ' || error_message as a from oneshot.dead_letters order by 1")
        == [[" "], ["a a"], ["b b"]])
    #expect(try await place.value("select count(*) from oneshot.fences") == "3")
    #expect(
      try await place.value("select string_agg(instance, ',' order by instance) from oneshot.job_totals") == ",a,b")
    #expect(try await SampleJob().result(in: place, settings("a")).reason == "already_done")
    // Tokens go on rising when an installation is given another name.
    let renamed = try await SampleJob().result(in: place, settings("c"))
    #expect(renamed.status == .succeeded && renamed.fence ?? 0 > 1)
  }

  @Test func `the lock's key begins with the installation, and its holder says what it does`() async throws {
    let place = try await Place()
    let result = try await SampleJob(variant: "pending") { _ in
      let held = try await place.redis("GET", "oneshot:lock:a/sample/1").text ?? ""
      #expect(held.contains(#""variant":"pending""#), "\(held)")
    }.result(in: place, settings("a").merging(["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "1"]) { $1 })
    #expect(result.status == .succeeded, "\(result)")
    let text = result.json.text
    #expect(text.contains(#""instance":"a","variant":"pending""#), "\(text)")
  }

  @Test func `published keys of two installations are fenced apart`() async throws {
    let place = try await Place()
    for instance in ["", "a"] {
      let settings = instance.isEmpty ? [:] : ["JOB_INSTANCE": instance]
      let result = try await SampleJob { run in
        try await run.publish([Replacement("board", .sortedSet([("m", "1")]))])
      }.result(in: place, settings)
      #expect(result.status == .succeeded, "\(result)")
    }
    #expect(try await place.redis("GET", "oneshot:fence:{board}/sample").text?.hasPrefix("1 in ") == true)
    #expect(try await place.redis("GET", "oneshot:fence:{board}/a/sample").text?.hasPrefix("2 in ") == true)
  }

  @Test func `slot, fence and totals are one Redis' and one variant's own`() async throws {
    let here = try await LedgerPlace()
    var fences: [Int64] = []
    let ledgers = [
      here.ledger(1, server: "a:6379/0"), here.ledger(2, server: "b:6379/0"),
      here.ledger(3, server: "a:6379/0", variant: "pending"), here.ledger(4, instance: "x"),
      here.ledger(5, job: "other"),
    ]
    for ledger in ledgers {
      let (fence, attempt) = try await here.opened(ledger)
      #expect(attempt == 1)
      fences.append(fence)
      #expect(try await here.close(ledger, .succeeded, fence: fence))
    }
    #expect(fences == [1, 2, 3, 4, 1])
    #expect(
      try await here.place.rows("select instance || server as a, token as b from oneshot.fences order by 1")
        == [["", "1"], ["a:6379/0", "3"], ["b:6379/0", "2"], ["x", "4"]])
    #expect(try await here.place.value("select count(*) from oneshot.job_totals where succeeded = 1") == "5")
    for (number, ledger) in ledgers.enumerated() {
      guard case .alreadyDone = try await here.open(here.ledger(10 + number, of: ledger.identity)) else {
        Issue.record("\(ledger.identity) is not done")
        continue
      }
    }
  }

  @Test func `rows of before servers were noted are of the server that comes`() async throws {
    let here = try await LedgerPlace()
    let before = here.ledger(1)
    let (fence, _) = try await here.opened(before)
    #expect(try await here.close(before, .succeeded, fence: fence))
    guard case .alreadyDone = try await here.open(here.ledger(2, server: "a:6379/0")) else {
      Issue.record("not done")
      return
    }
  }

  @Test func `a run that was left open is found by a run of another variant, and counted for its own`() async throws {
    let here = try await LedgerPlace()
    _ = try await here.opened(here.ledger(1, variant: "pending"))
    _ = try await here.opened(here.ledger(2, server: "other:6379/0"))
    _ = try await here.opened(here.ledger(3))
    #expect(try await here.runs() == ["failed abandoned", "running", "running"])
    #expect(
      try await here.place.rows("select variant as a, failed as b from oneshot.job_totals") == [["pending", "1"]])
  }

  @Test
  func
    `a run of an address that is no longer used is found once its time is over by any clock, and counted for its own`()
    async throws
  {
    let here = try await LedgerPlace()
    for (number, server) in [(1, "gone:6379/0"), (2, "twin:6379/0")] {
      _ = try await here.opened(
        here.ledger(number, of: RunIdentity(job: "job", server: server, variant: "days-x", series: "")))
    }
    let apart = LedgerPlace.clock.tolerance.inMilliseconds
    try await here.place.execute(
      """
      update oneshot.job_runs set deadline_at = now() - interval '\(apart) milliseconds'
        - case server when 'gone:6379/0' then interval '61 seconds' else interval '-1 hour' end
      """)
    _ = try await here.opened(here.ledger(3, server: "new:6379/0"))
    #expect(try await here.runs() == ["failed abandoned", "running", "running"])
    #expect(
      try await here.place.rows("select server as a, variant as b, failed as c from oneshot.job_totals")
        == [["gone:6379/0", "", "1"]])
  }

  @Test(arguments: ["A", "1a", "a/b", "a:b", "a_b", "-a", "é", String(repeating: "a", count: 41)])
  func `a name of an installation that does not fit is refused`(name: String) {
    var env = Environment(["JOB_INSTANCE": name, "DATABASE_URL": "host=/x", "REDIS_URL": "redis://x"])
    _ = RuntimeSettings(from: &env)
    #expect(env.problems.map(\.name) == ["JOB_INSTANCE"])
  }

  @Test func `runs whose work nobody does any more leave the ledger, others by their own`() async throws {
    let here = try await LedgerPlace()
    for (number, days) in [(1, 100), (2, 500)] {
      let ledger = here.ledger(number, variant: "once")
      let (fence, _) = try await here.opened(ledger, by: .clock)
      try await here.close(ledger, .succeeded, fence: fence)
      try await here.place.execute(
        "update oneshot.job_runs set started_at = '\(LedgerPlace.start - .days(days))' where run_id = '\(ledger.runID)'"
      )
    }
    let ledger = here.ledger(3)
    let (fence, _) = try await here.opened(ledger)
    try await here.close(ledger, .succeeded, fence: fence, keepingSince: LedgerPlace.start - .days(90))
    #expect(try await here.place.value("select count(*) from oneshot.job_runs where variant = 'once'") == "1")
  }
}

/// Who is at work.
private final class Names: Sendable {
  private let names = Mutex<Set<String>>([])
  var count: Int { names.withLock(\.count) }
  func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }
}
