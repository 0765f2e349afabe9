import Foundation
import Operations
import Redis
import TestSupport
import Testing

/// `oneshot locks` and `oneshot unlock`.
@Suite(.timeLimit(.minutes(15))) struct UnlockTests {
  private static let key = "oneshot:lock:reindex"

  /// The value that a run's lock has.
  private func holder(_ id: String, host: String = "far") -> String {
    #"{"run_id":"\#(id)","host":"\#(host)","pid":7,"since":"2025-11-08T02:00:00.123456Z"}"#
  }

  @Test func `each lock is listed with what the ledger says of its holder`() async throws {
    let here = try await Operator()
    let running = try await here.add(
      1, ["status": "'running'", "finished_at": "null", "deadline_at": "now() + interval '1 h'"])
    let stuck = try await here.add(
      2, ["status": "'running'", "finished_at": "null", "deadline_at": "now() - interval '1 h'"])
    let done = try await here.add(3)
    let stranger = "01a1ff42-bc8d-7131-b048-aaaaaaaaaaaa"
    for (name, value) in [("a", running), ("b/1", stuck), ("c", done), ("d", stranger)] {
      try await here.place.redis("SET", "oneshot:lock:\(name)", holder(value), "PX", "60000")
    }
    try await here.place.redis("SET", "oneshot:lock:e", "a token of redis-py")
    try await here.place.redis("HSET", "oneshot:lock:f", "a", "b")
    try await here.place.redis("SET", "oneshot:locks-not", "x")
    let locks = try await here.run("locks")
    #expect(locks.exitCode == 0 && locks.errors == "")
    let lines = locks.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.count == 7)
    #expect(
      lines[1].hasPrefix("a 01a1ff42-bc8d - far 2025-11-08T02:00:00Z ") && lines[1].contains("running, at most "))
    #expect(lines[2].hasPrefix("b/1 ") && lines[2].hasSuffix("running, but its time is over: stuck"))
    #expect(lines[3].contains("succeeded ") && lines[3].hasSuffix("or left behind"))
    #expect(lines[4].contains("unknown:"))
    #expect(lines[5] == "e - - - - for ever no run of ours: a token of redis-py")
    #expect(lines[6] == "f - - - - for ever no run of ours: a value that is no string")
    let json = try await here.run("locks", "--json").result
    #expect(
      json.elements.compactMap { $0["verdict"].string }
        == ["working", "overdue", "ended", "unknown", "foreign", "foreign"])
    #expect(json[0]["run_id"].string == running && json[4]["time_left_ms"].isThere == false)
    let none = try await Operator().run("locks")
    #expect(none.exitCode == 0 && none.output == "" && none.errors == "no lock is held\n")
  }

  @Test func `locks whose names differ in bytes alone are two`() async throws {
    let here = try await Operator()
    for name in ["caf\u{E9}", "cafe\u{301}"] { try await here.place.redis("SET", "oneshot:lock:\(name)", "x") }
    #expect(try await here.run("locks", "--json").result.elements.count == 2)
  }

  @Test func `a hostile holder is shown, not obeyed`() async throws {
    let here = try await Operator()
    try await here.place.redis("SET", Self.key, "\u{1b}[2J\u{202e}\r\nreindex2 x", "PX", "60000")
    try await here.place.redis(
      "SET", "oneshot:lock:\u{1b}[2J", holder("zzzzzzzz-bc8d-7131-b048-00000000000z", host: "\u{9b}2J"))
    for words in [["locks"], ["locks", "--json"], ["unlock", "reindex"]] {
      let outcome = try await Operator.oneshot.run(words, here.place.environment)
      #expect(Operator.isHarmless(outcome.output + outcome.errors), "\(words)")
    }
    #expect(try await here.run("locks").output.split(separator: "\n").count == 3)
  }

  @Test func `a lock is taken away with yes, and only the one that is named`() async throws {
    let here = try await Operator()
    for name in ["reindex", "reindex/1"] {
      try await here.place.redis("SET", "oneshot:lock:\(name)", holder(try await here.add(name.count)))
    }
    let taken = try await here.run("unlock", "reindex/1", "--yes")
    #expect(taken.exitCode == 0 && taken.output.contains("host    far") && taken.output.contains("taken away"))
    #expect(try await here.place.redis("EXISTS", "oneshot:lock:reindex/1").integer == 0)
    #expect(try await here.place.redis("EXISTS", Self.key).integer == 1)
    let again = try await here.run("unlock", "reindex/1", "--yes")
    #expect(again.exitCode == 1 && again.output == "" && again.errors.contains("nobody holds oneshot:lock:reindex/1"))
  }

  @Test func `a key that is no string is taken away too, and not if it has become a run's lock meanwhile`() async throws
  {
    let here = try await Operator()
    try await here.place.redis("HSET", Self.key, "a", "b")
    let lock = try #require(try await here.lock("reindex"))
    try await here.place.redis("DEL", Self.key)
    try await here.place.redis("SET", Self.key, "x")
    #expect(try await here.remove(lock) == false)
    let string = try #require(try await here.lock("reindex"))
    try await here.place.redis("DEL", Self.key)
    for gone in [lock, string] { #expect(try await here.remove(gone) == false) }
    try await here.place.redis("HSET", Self.key, "a", "b")
    #expect(try await here.remove(string) == false)
    let outcome = try await here.run("unlock", "reindex", "--yes")
    #expect(outcome.exitCode == 0 && outcome.output.contains("a value that is no string"), "\(outcome.errors)")
    #expect(try await here.place.redis("EXISTS", Self.key).integer == 0)
  }

  @Test func `of a fat value only the beginning is read, and its digest is compared`() async throws {
    let here = try await Operator()
    try await here.place.redis("SETRANGE", Self.key, "100000", "x")
    let listed = try #require(try await here.locks().first)
    #expect(listed.value?.count == 4097 && listed.isCut && listed.holder.hasSuffix("…"))
    #expect(try await here.run("locks", "--json").result[0]["holder_is_cut"].bool == true)
    #expect(try await here.remove(listed) == false, "what was only listed is not known to be the same")
    let taken = try await here.run("unlock", "reindex", "--yes")
    #expect(taken.exitCode == 0 && taken.output.utf8.count < 100_000, "\(taken.errors)")
  }

  @Test func `a key that went away between two commands is not there, and only one without an end is endless`() throws {
    func lock(_ before: Int64, _ value: String, _ after: Int64) throws -> HeldLock? {
      try HeldLock(
        key: Self.key, before: .integer(before), value: .bytes(Array(value.utf8)), after: .integer(after))
    }
    #expect(try lock(7, "x", -2) == nil && lock(7, "", -2) == nil && lock(-2, "", 7) == nil)
    #expect(try lock(7, "x", 5)?.timeLeft == .milliseconds(5))
    let endless = try #require(try lock(-1, "", -1))
    #expect(endless.timeLeft == nil && endless.holder == "")
    #expect(throws: RedisError.self) {
      try HeldLock(key: Self.key, before: .integer(1), value: .bytes([]), after: .error(code: "NOPERM", message: "no"))
    }
  }

  @Test func `where nobody can be asked it needs yes`() async throws {
    let here = try await Operator()
    try await here.place.redis("SET", Self.key, "x")
    let outcome = try await here.run("unlock", "reindex")
    #expect(outcome.exitCode == 64 && outcome.errors.contains("--yes"))
    #expect(try await here.place.redis("EXISTS", Self.key).integer == 1)
  }

  @Test(arguments: [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("\n", 1), ("yikes\n", 1)])
  func `in a terminal it asks, and does what it is told`(answer: String, code: Int) async throws {
    let here = try await Operator()
    // Of any bytes: somebody else's client may have written it.
    try await here.place.redis("SETRANGE", Self.key, "1", "x")
    let typed = try TypedCommand(["unlock", "reindex"], here.place.environment)
    try await typed.until(shows: "[y/N]")
    #expect(typed.screen.contains("no run of ours"))
    #expect(try await here.place.redis("EXISTS", Self.key).integer == 1)
    try typed.type(answer)
    #expect(try await typed.outcome().exitCode == Int32(code), "\(typed.screen)")
    #expect(try await here.place.redis("EXISTS", Self.key).integer == Int64(code))
  }

  @Test func `a holder that came after the question keeps the lock`() async throws {
    let here = try await Operator()
    try await here.place.redis("SET", Self.key, "old")
    let typed = try TypedCommand(["unlock", "reindex"], here.place.environment)
    try await typed.until(shows: "[y/N]")
    try await here.place.redis("SET", Self.key, "new")
    try typed.type("y\n")
    #expect(try await typed.outcome().exitCode == 1)
    #expect(typed.screen.contains("nothing was changed"))
    #expect(try await here.place.redis("GET", Self.key).text == "new")
  }

  /// Frozen, it cannot see that its lock is gone: only the fence is left to keep the data right.
  @Test(arguments: [false, true])
  func `a run that loses its lock harms nothing`(isFrozen: Bool) async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let here = try await Operator(at: boards.place)
    // The server does not wait for a frozen client for longer than this.
    let impatient = boards.place.databaseURL + "&options=-c%20idle_in_transaction_session_timeout%3D3s"
    let old = try await SteppedRun(
      Leaderboards.binary, boards.environment(["DATABASE_URL": impatient]), past: "calculated the boards")
    if isFrozen { old.process.send(SIGSTOP) }
    let shown = try await here.run("locks").output
    #expect(shown.contains("top-stats") && shown.contains("running"))
    #expect(try await here.run("unlock", "top-stats", "--yes").exitCode == 0)
    try await boards.place.execute("delete from feed_likes where id % 2 = 0")
    let newer = try await boards.run()
    #expect(newer.exitCode == 0, "\(newer.output)")
    var published: [String: [String]] = [:]
    for name in Leaderboards.names { published[name] = try await boards.board(name) }
    old.process.send(SIGCONT)
    old.letGo()
    let outcome = await old.process.outcome()
    #expect(outcome.exitCode == 75, "\(outcome.output)")
    #expect(["fenced", "lock_lost"].contains(outcome.result["error", "kind"].string), "\(outcome.output)")
    for name in Leaderboards.names { #expect(try await boards.board(name) == published[name], "\(name)") }
    #expect(try await boards.about("comments")["run_id"] == newer.result["run_id"].string)
    #expect(try await boards.place.redis("EXISTS", "oneshot:lock:top-stats").integer == 0)
  }

  @Test func `in a cluster locks of all nodes are listed, and taken away wherever they are`() async throws {
    let here = try await Operator()
    let cluster = try await RedisCluster()
    let names = (0..<12).map { "job-\($0)" }
    try await cluster.cli(all: names.map { "SET oneshot:lock:\($0) token-\($0) PX 600000" })
    #expect(try await cluster.sizes().count { $0 > 0 } > 1, "on several nodes")
    let settings = ["REDIS_URL": cluster.url]
    let listed = try await here.run("locks", "--json", settings: settings).result
    #expect(listed.elements.compactMap { $0["name"].string } == names.sorted())
    for name in names {
      let outcome = try await here.run("unlock", name, "--yes", settings: settings)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
    }
    #expect(try await cluster.sizes() == [0, 0, 0])
    #expect(try await here.run("unlock", "job-0", "--yes", settings: settings).exitCode == 1)
  }

  @Test func `without Postgres the locks are still shown, and taken away`() async throws {
    let here = try await Operator()
    try await here.place.redis("SET", Self.key, holder(try await here.add(1)), "PX", "60000")
    let away = ["DATABASE_URL": "postgresql://127.0.0.1:1/x"]
    let locks = try await here.run("locks", settings: away)
    #expect(locks.exitCode == 0 && locks.output.contains("not known: Postgres: "), "\(locks.errors)")
    let json = try await here.run("locks", "--json", settings: away).result[0]
    #expect(json["ledger_problem"].isThere && !json["verdict"].isThere && json["run_id"].isThere)
    let taken = try await here.run("unlock", "reindex", "--yes", settings: away)
    #expect(taken.exitCode == 0 && taken.output.contains("not known: Postgres: "), "\(taken.errors)")
    #expect(try await here.place.redis("EXISTS", Self.key).integer == 0)
  }

  @Test func `servers out of reach and rights that lack are told`() async throws {
    let here = try await Operator()
    try await here.place.redis("SET", Self.key, "x")
    #expect(try await here.run("locks", settings: ["REDIS_URL": "redis://127.0.0.1:1"]).exitCode == 69)
    let user = here.place.own("narrow")
    try await here.place.redis(
      "ACL", "SETUSER", user, "on", ">secret", "~oneshot:lock:*", "+scan", "+pttl", "+select",
      "+client|setname", "+cluster|slots")
    let narrow = ["REDIS_URL": here.place.redisURL.replacing("unix://", with: "unix://\(user):secret@")]
    for words in [["locks"], ["unlock", "reindex", "--yes"]] {
      let outcome = try await Operator.oneshot.run(words, here.place.environment.merging(narrow) { $1 })
      #expect(outcome.exitCode == 77, "a lock that may not be read is not one that nobody holds: \(outcome.output)")
    }
  }
}

extension Operator {
  fileprivate func lock(_ name: String) async throws -> HeldLock? {
    try await redis { try await HeldLock.toRemove(name, on: $0) }
  }

  fileprivate func locks() async throws -> [HeldLock] { try await redis { try await HeldLock.all(on: $0) } }

  fileprivate func remove(_ lock: HeldLock) async throws -> Bool { try await redis { try await lock.remove(on: $0) } }

  private func redis<Value: Sendable>(_ body: (RedisConnection) async throws -> Value) async throws -> Value {
    var problem = ""
    let address = try #require(RedisAddress(url: place.redisURL, problem: &problem))
    let redis = RedisConnection(address, clientName: "tests")
    let value = try await body(redis)
    await redis.close()
    return value
  }
}
