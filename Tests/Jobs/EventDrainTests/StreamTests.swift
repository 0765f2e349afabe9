import Redis
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct StreamTests {
  @Test func `each event of a stream has its effect once, and a second run finds nothing`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "100"])
    try await drained.add(0..<730)
    let first = try await drained.run()
    #expect(first.exitCode == 0, "\(first.output)\(first.errors)")
    #expect(first.count("read") == 730 && first.count("done") == 730 && first.count("batches") == 8)
    #expect(first.result["details", "types", "test.counted", "done"].int == 730)
    #expect(first.result["details", "ended_by"].string == "empty" && first.count("behind") == 0)
    #expect(try await drained.effects(are: 730))
    #expect(try await drained.pending() == 0)
    let second = try await drained.run()
    #expect(second.exitCode == 0 && second.count("read") == 0 && second.count("batches") == 0, "\(second.output)")
    #expect(try await drained.effects(are: 730))
  }

  @Test func `what a producer sends twice is done once, in one batch and days apart`() async throws {
    let drained = try await Drained()
    try await drained.add((0..<50).flatMap { [Drained.event($0), Drained.event($0)] })
    let first = try await drained.run()
    #expect(first.count("done") == 50 && first.count("duplicates") == 50, "\(first.output)")
    try await drained.add(0..<50)
    let later = try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-12T02:00:00Z"])
    #expect(later.count("done") == 0 && later.count("duplicates") == 50, "\(later.output)")
    #expect(try await drained.effects(are: 50))
  }

  @Test func `fields of an entry are an event, too, and one without an id is known by where it stands`() async throws {
    let drained = try await Drained()
    try await drained.place.redis(
      "XADD", "events:job", "7-0", "type", "test.fields", "campaign_id", "c", "data", #"{"amount": 5}"#)
    #expect(try await drained.run().exitCode == 0)
    #expect(
      try await drained.place.rows("select id as a, key as b, amount as c from effects")
        == [["redis:events:job/0/7-0", "c", "5"]])
  }

  @Test func `what is no event is a dead letter that holds it as it came, and stops no other`() async throws {
    let drained = try await Drained(["EVENTS_MAX_BYTES": "300"])
    try await drained.add([
      "{", "[]", #"{"id":"x"}"#, #"{"type":"test.a","id":"\u0000"}"#, #"{"type":"test.a","n":1e200000}"#,
      #"{"type":"test.a","id":{}}"#, "{\"type\":\"test.a\",\"x\":\"" + String(repeating: "x", count: 300) + "\"}",
      Drained.event(1),
    ])
    try await drained.place.redis(all: [
      RedisCommand("XADD", "events:job", "*", "event", bytes: [[0xFF, 0x00]]),
      RedisCommand("XADD", "events:job", "*", "event", bytes: [[0xFF]]),
    ])
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("failed") == 9 && run.count("done") == 1, "\(run.output)")
    #expect(try await drained.letters().count { $0.hasPrefix("malformed malformed redis:events:job/0/") } == 9)
    #expect(
      try await drained.place.value(
        "select string_agg(coalesce(payload ->> 'text', payload ->> 'base64'), ' ' order by first_failed_at, item) from oneshot.dead_letters where payload ->> 'text' = '{' or payload ? 'base64'"
      ).split(separator: " ").sorted() == ["/w==", "/wA=", "{"])
    #expect(try await drained.pending() == 0)
    #expect(!run.output.contains("xxxx") && !run.errors.contains("xxxx"))
  }

  @Test(arguments: ["reject", "ignore"])
  func `a type that no handler takes is a dead letter, or skipped`(unknown: String) async throws {
    let drained = try await Drained(["EVENTS_UNKNOWN": unknown])
    try await drained.add([Drained.event(1, type: "other"), Drained.event(2)])
    let run = try await drained.run()
    #expect(run.count("done") == 1 && run.exitCode == (unknown == "reject" ? 65 : 0), "\(run.output)")
    #expect(run.count("ignored") == (unknown == "ignore" ? 1 : 0))
    #expect(try await drained.letters() == (unknown == "reject" ? ["unknown other e1 pending"] : []))
  }

  @Test func `entries that left the stream unread are counted and reported`() async throws {
    let drained = try await Drained()
    try await drained.add(0..<10)
    #expect(try await drained.run().exitCode == 0)
    try await drained.add(10..<20)
    try await drained.place.redis("XTRIM", "events:job", "MAXLEN", "4")
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("missed") == 6 && run.count("done") == 4, "\(run.output)")
    #expect(try await drained.letters().allSatisfy { $0.hasPrefix("missed redis:events:job/0/") })
    let after = try await drained.run()
    #expect(after.exitCode == 0 && after.count("missed") == 0, "\(after.output)")
  }

  @Test func `old handled entries leave the stream, and none that another group still needs`() async throws {
    let drained = try await Drained()
    let ids = 1..<1000
    let adding = ids.map { RedisCommand("XADD", "events:job", "\($0)-0", "event", Drained.event($0)) }
    try await drained.place.redis(all: adding)
    try await drained.place.redis("XGROUP", "CREATE", "events:job", "others", "500-0")
    let run = try await drained.run()
    // Redis removes whole nodes.
    let trimmed = run.count("trimmed") ?? 0
    #expect(run.exitCode == 0 && (300..<500).contains(trimmed), "\(run.output)")
    #expect(try await drained.place.redis("XLEN", "events:job").integer == Int64(999 - trimmed))
  }

  @Test func `a key of another type ends the run with 78`() async throws {
    let drained = try await Drained()
    try await drained.place.redis("SET", "events:job", "x")
    let run = try await drained.run()
    #expect(run.exitCode == 78, "\(run.output)")
    #expect(
      run.result["error", "message"].string?.contains("events:job, which EVENTS_STREAM names, is not a stream") == true)
  }

  @Test func `a run reads as many as it may, and says how many are left`() async throws {
    let drained = try await Drained(["EVENTS_MAX": "30", "EVENTS_BATCH": "20"])
    try await drained.add(0..<100)
    let run = try await drained.run()
    #expect(run.count("read") == 30 && run.count("behind") == 70, "\(run.output)")
    #expect(run.result["details", "ended_by"].string == "max")
  }

  @Test func `entries of many bytes are read in small parts, in the memory that a container has`() async throws {
    let drained = try await Drained(["EVENTS_TIME": "10m"])
    let large = String(repeating: "x", count: 900_000)
    let events = (0..<16).map { #"{"id":"e\#($0)","type":"test.large","data":{"amount":1,"text":"\#(large)"}}"# }
    try await drained.add(events)
    try await drained.add(40..<60)
    let run = try await Drained.binary.runInLittleMemory([], drained.environment())
    #expect(run.exitCode == 0 && run.count("done") == 36, "\(run.output)\(run.errors)")
    #expect(try await drained.effects(are: 36))
    #expect(try await drained.pending() == 0)
  }

  @Test func `partitions are shared by shards, and processed at once`() async throws {
    let drained = try await Drained(["EVENTS_PARTITIONS": "4", "EVENTS_PARALLEL": "2"])
    for partition in 0..<4 {
      try await drained.add(partition * 100..<partition * 100 + 100, to: "events:job:\(partition)")
    }
    for shard in 0..<2 {
      let run = try await drained.run([], ["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "\(shard)"])
      #expect(run.exitCode == 0 && run.count("done") == 200 && run.count("partitions") == 2, "\(run.output)")
    }
    #expect(try await drained.effects(are: 400))
  }
}
