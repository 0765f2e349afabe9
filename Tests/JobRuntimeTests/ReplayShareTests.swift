import Postgres
import TestSupport
import Testing

@testable import JobRuntime

/// Which of the dead letters that are asked for a run is given, and how many of them.
@Suite(.timeLimit(.minutes(10))) struct ReplayShareTests {
  @Test func `shards divide them: each is given to one`() async throws {
    let items = (0..<60).map { "item \($0)" }
    let place = try await placeWhere(failed: items)
    try await place.askForReplay("--job", "sample")
    var all: [String] = []
    for index in 0..<3 {
      let given = Given()
      let result = try await SampleJob().replaying { letters, _ in
        given.take(letters)
        return letters
      }.result(in: place, ["JOB_SHARD_COUNT": "3", "JOB_SHARD_INDEX": "\(index)"])
      #expect(result.status == .succeeded && given.items.count > 5)
      all += given.items
    }
    #expect(all.sorted() == items.sorted())
    #expect(try await place.letters().allSatisfy { $0.hasSuffix("resolved 1") })
  }

  @Test func `a run takes ten thousand, the next one the rest; what was left before comes last`() async throws {
    let place = try await placeWhere(failed: ["left"])
    try await place.askForReplay("--job", "sample")
    #expect(try await SampleJob().result(in: place).details["replayed"]?["left"] == 1)
    try await place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state, replay_asked_at)
      select 'sample', sha256(convert_to(g::text, 'UTF8')), g::text, '{}', 'bad', 'is bad', 1, now(), now(),
        gen_random_uuid(), 'pending', now() from generate_series(1, 10100) g
      """)
    let (first, second) = (Given(), Given())
    let one = try await SampleJob().replaying { letters, _ in
      first.take(letters)
      return letters
    }.result(in: place)
    #expect(one.details["replayed"]?["has_more"] == true && first.items.count == 10_000)
    #expect(!first.items.contains("left"))
    let two = try await SampleJob().replaying { letters, _ in
      second.take(letters)
      return letters
    }.result(in: place)
    #expect(replayed(two) == #"{"handed":101,"resolved":101,"failed_again":0,"left":0}"#)
    #expect(second.items.last == "left" && Set(first.items + second.items).count == 10_101)
  }

  @Test
  func `a run looks at twenty thousand, and the next one goes on: what is another's keeps nobody waiting for ever`()
    async throws
  {
    let place = try await placeWhere(failed: ["mine"])
    try await place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state, replay_asked_at)
      select 'sample', sha256(convert_to(g::text, 'UTF8')), 'other', '{}', 'bad', 'is bad', 1, now(), now(),
        gen_random_uuid(), 'pending', now() - interval '1 day' from generate_series(1, 20100) g
      """)
    try await place.askForReplay("sample", "mine")
    var job = SampleJob().replaying { letters, _ in letters }
    job.leaves = { $0.item == "other" }
    // A plan only looks: it goes on nowhere.
    for settings in [["JOB_DRY_RUN": "true"], [:]] {
      let looked = try await job.result(in: place, settings)
      #expect(looked.status == .succeeded && looked.details["replayed"] == nil)
    }
    let next = try await job.result(in: place)
    #expect(next.details["replayed"]?["resolved"] == 1, "\(next.details)")
    #expect(
      try await place.value(
        "select count(*) from oneshot.dead_letters where item = 'other' and state = 'pending' and replay_asked_at is not null"
      ) == "20100")
  }

  @Test func `few are taken where they are large`() async throws {
    let items = (0..<200).map { "\($0)" + String(repeating: "x", count: 60_000) }
    let place = try await placeWhere(failed: items, isLarge: true)
    try await place.askForReplay("--job", "sample")
    let given = Given()
    var runs = 0
    while given.items.count < items.count, runs < 10 {
      _ = try await SampleJob().replaying { letters, _ in
        given.take(letters)
        return letters
      }.result(in: place)
      runs += 1
    }
    #expect(runs > 1 && Set(given.items) == Set(items))
  }

  @Test func `items of any name are given, and resolved or counted again`() async throws {
    let names =
      hostileTexts + [
        "a\0b", "a\\0b\0", "-- x", "é", "e\u{301}", "\u{1}\u{8}\u{C}\u{1F}\u{7F}\r\t", #""of": ""#,
        String(repeating: "k", count: 65_536),
      ]
    let place = try await placeWhere(failed: names)
    try await place.askForReplay("--job", "sample")
    let total = try await place.letters().count
    let half = Array(names.prefix(names.count / 2))
    let result = try await SampleJob().replaying { letters, run in
      #expect(letters.count == total)
      for name in names where !name.utf8.contains(0) {
        #expect(letters.filter { $0.hasPayload("of", name) }.map { Array($0.item.utf8) } == [Array(name.utf8)])
      }
      #expect(letters.allSatisfy { $0.hasPayload("of") && !$0.hasPayload("o") })
      try await run.transaction { tx in try tx.reject(failures(half)) }
      return letters
    }.result(in: place)
    #expect(
      replayed(result)
        == #"{"handed":\#(total),"resolved":\#(total - half.count),"failed_again":\#(half.count),"left":0}"#)
    #expect(try await place.letters().allSatisfy { $0.hasSuffix(" resolved 1") || $0.hasSuffix(" pending 2") })
  }
}
