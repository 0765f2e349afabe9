import Postgres
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// Dead letters that somebody asked for, through the real command and a real run.
@Suite(.timeLimit(.minutes(3))) struct ReplayTests {
  /// Letters that a run was given, and in which order.
  private final class Given: Sendable {
    private let letters = Mutex<[DeadLetter]>([])
    var items: [String] { letters.withLock { $0.map(\.item) } }
    var all: [DeadLetter] { letters.withLock(\.self) }
    func take(_ given: [DeadLetter]) { letters.withLock { $0 += given } }
  }

  private static func failures(_ items: [String]) -> [ItemFailure] {
    items.map { ItemFailure(item: $0, kind: "bad", message: "is bad", payload: ["of": .string($0)]) }
  }

  /// A place in which these items of the sample job have failed.
  ///
  /// - Parameter isLarge: whether a statement for each of them is large enough.
  private func place(failed items: [String], isLarge: Bool = false) async throws -> Place {
    let place = try await Place()
    let result = try await SampleJob { run in
      try await run.transaction { session in
        for part in isLarge ? items.map({ [$0] }) : [items] { try run.reject(Self.failures(part), in: session) }
      }
    }.result(in: place)
    #expect(result.status == .partial, "\(result.error?.message ?? "")")
    return place
  }

  private func ask(_ arguments: String..., in place: Place) async throws {
    let asked = try await Binary("oneshot").run(
      ["dead-letters", "replay"] + (arguments.isEmpty ? ["--job", "sample"] : arguments), place.environment)
    #expect(asked.exitCode == 0, "\(asked.errors)")
  }

  /// `item state attempts`, with `asked` where somebody asks.
  private func letters(_ place: Place) async throws -> [String] {
    try await place.rows(
      """
      select item || ' ' || state || ' ' || attempts || case when replay_asked_at is null then '' else ' asked' end as a
      from oneshot.dead_letters order by item collate "C"
      """
    ).map { $0[0] }
  }

  private func replayed(_ result: RunResult) -> String? { result.details["replayed"]?.text }

  @Test func `what is asked for is given to the job before its work, and resolved when the run ends well`() async throws
  {
    let place = try await place(failed: ["a", "b", "c"])
    try await ask("sample", "a", in: place)
    try await ask("sample", "c", in: place)
    let given = Given()
    let job = SampleJob { _ in
      #expect(given.items == ["a", "c"])
      // Nothing is settled before the end.
      let asked = try await place.value(
        "select count(*) from oneshot.dead_letters where replay_asked_at is not null")
      #expect(asked == "2")
    }.replaying { letters, _ in
      given.take(letters)
      return letters
    }
    let result = try await job.result(in: place)
    #expect(result.status == .succeeded)
    #expect(replayed(result) == #"{"handed":2,"resolved":2,"failed_again":0,"left":0}"#)
    #expect(try await letters(place) == ["a resolved 1", "b pending 1", "c resolved 1"])
    let letter = try #require(given.all.first)
    #expect(letter.kind == "bad" && letter.payload == #"{"of": "a"}"# && letter.attempts == 1)
    // It is over: the next run is given nothing, and tells nothing.
    let next = try await SampleJob().replaying { letters, _ in
      given.take(letters)
      return letters
    }.result(in: place)
    #expect(given.items == ["a", "c"] && next.details["replayed"] == nil)
  }

  @Test func `what fails again stays pending with one attempt more, and is told once`() async throws {
    let place = try await place(failed: ["a", "b"])
    try await ask(in: place)
    let reject: @Sendable (JobRun) async throws -> Void = { run in
      try await run.transaction { session in try run.reject(Self.failures(["b"]), in: session) }
    }
    let result = try await SampleJob(work: reject).replaying { letters, run in
      try await reject(run)
      return letters
    }.result(in: place)
    #expect(result.status == .partial && result.errorsTotal == 1 && result.errors.map(\.item) == ["b"])
    #expect(replayed(result) == #"{"handed":2,"resolved":1,"failed_again":1,"left":0}"#)
    #expect(try await letters(place) == ["a resolved 1", "b pending 2"])
  }

  @Test func `what the run itself resolves or rejects needs no word of the replay; what is neither stays asked`()
    async throws
  {
    let place = try await place(failed: ["a", "b", "c"])
    try await ask(in: place)
    let result = try await SampleJob { run in
      try await run.transaction { session in
        try run.resolve(["a"], in: session)
        try run.reject(Self.failures(["b"]), in: session)
      }
    }.result(in: place)
    #expect(replayed(result) == #"{"handed":3,"resolved":1,"failed_again":1,"left":1}"#)
    #expect(try await letters(place) == ["a resolved 1", "b pending 2", "c pending 1 asked"])
  }

  @Test func `a run that fails leaves them asked, and the next one does them`() async throws {
    let place = try await place(failed: ["a"])
    try await ask(in: place)
    let given = Given()
    func job(_ work: @escaping @Sendable (JobRun) async throws -> Void) -> SampleJob {
      SampleJob(work: work).replaying { letters, _ in
        given.take(letters)
        return letters
      }
    }
    let failed = try await job { _ in throw JobFailure(.misconfigured, "no") }.result(in: place)
    #expect(failed.status == .failed)
    #expect(replayed(failed) == #"{"handed":1,"resolved":0,"failed_again":0,"left":1}"#)
    #expect(try await letters(place) == ["a pending 1 asked"])
    #expect(try await job { _ in }.result(in: place).status == .succeeded)
    #expect(given.items == ["a", "a"])
    #expect(try await letters(place) == ["a resolved 1"])
  }

  @Test func `a replay that goes wrong does not keep the job from its work`() async throws {
    struct Unforeseen: Error {}
    let place = try await place(failed: ["a"])
    try await ask(in: place)
    let hasWorked = Mutex(false)
    let result = try await SampleJob { _ in hasWorked.withLock { $0 = true } }
      .replaying { _, _ in throw Unforeseen() }.result(in: place)
    #expect(result.status == .succeeded && hasWorked.withLock(\.self))
    #expect(result.details["replayed"]?["failure"] == "Unforeseen()")
    #expect(try await letters(place) == ["a pending 1 asked"])
  }

  @Test func `a run that was overtaken settles nothing, and each item is settled by one run`() async throws {
    let place = try await place(failed: ["a", "b"])
    try await ask(in: place)
    let given = Given()
    let slow = SampleJob { _ in
      // What the end of its lease does; and then another run does everything.
      try await place.redis("DEL", "oneshot:lock:sample")
      let other = try await SampleJob().replaying { letters, run in
        given.take(letters)
        try await run.transaction { session in try run.reject(Self.failures(["b"]), in: session) }
        return letters
      }.result(in: place)
      #expect(other.status == .partial)
      #expect(other.details["replayed"]?.text == #"{"handed":2,"resolved":1,"failed_again":1,"left":0}"#)
    }.replaying { letters, _ in letters }
    let result = try await slow.result(in: place)
    #expect(result.error?.kind == .fenced || result.error?.kind == .lockLost, "\(result)")
    #expect(given.items.sorted() == ["a", "b"])
    #expect(try await letters(place) == ["a resolved 1", "b pending 2"])
  }

  @Test func `two runs at once are one run: the other finds the lock held`() async throws {
    let place = try await place(failed: ["a"])
    try await ask(in: place)
    let given = Given()
    let result = try await SampleJob { _ in
      let other = try await SampleJob().replaying { letters, _ in
        given.take(letters)
        return letters
      }.result(in: place)
      #expect(other.reason == "locked")
    }.replaying { letters, _ in letters }.result(in: place)
    #expect(result.status == .succeeded && given.items.isEmpty)
    #expect(try await letters(place) == ["a resolved 1"])
  }

  @Test func `JOB_REPLAY=false leaves them asked, and a plan only counts them`() async throws {
    let place = try await place(failed: ["a", "b"])
    try await ask(in: place)
    let given = Given()
    let job = SampleJob().replaying { letters, _ in
      given.take(letters)
      return letters
    }
    #expect(try await job.result(in: place, ["JOB_REPLAY": "false"]).details["replayed"] == nil)
    let plan = try await job.result(in: place, ["JOB_DRY_RUN": "true"])
    #expect(replayed(plan) == #"{"handed":2,"resolved":0,"failed_again":0,"left":2}"#)
    let unasked = try await job.result(in: place, ["JOB_DRY_RUN": "true", "JOB_REPLAY": "false"])
    #expect(unasked.details["replayed"] == nil)
    #expect(given.items.isEmpty)
    #expect(try await letters(place) == ["a pending 1 asked", "b pending 1 asked"])
    #expect(try await place.value("select count(*) from oneshot.dead_letters where replay_run_id is null") == "2")
  }

  @Test func `shards divide them: each is given to one`() async throws {
    let items = (0..<60).map { "item \($0)" }
    let place = try await place(failed: items)
    try await ask(in: place)
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
    #expect(try await letters(place).allSatisfy { $0.hasSuffix("resolved 1") })
  }

  @Test func `what is asked for anew while a run does it stays asked`() async throws {
    let place = try await place(failed: ["good", "bad", "given up"])
    try await ask(in: place)
    let result = try await SampleJob { run in
      try await run.transaction { session in try run.reject(Self.failures(["bad"]), in: session) }
      // Somebody has mended it since, and asks again; and gives another up.
      try await ask("sample", "bad", in: place)
      try await ask("sample", "good", in: place)
      let discarded = try await Binary("oneshot").run(
        ["dead-letters", "discard", "sample", "given up"], place.environment)
      #expect(discarded.exitCode == 0, "\(discarded.errors)")
    }.replaying { letters, _ in letters }.result(in: place)
    #expect(result.status == .partial)
    #expect(
      try await letters(place) == ["bad pending 2 asked", "given up discarded 1", "good pending 1 asked"])
    let next = try await SampleJob().replaying { letters, _ in letters }.result(in: place)
    #expect(replayed(next) == #"{"handed":2,"resolved":2,"failed_again":0,"left":0}"#)
    #expect(try await letters(place) == ["bad resolved 2", "given up discarded 1", "good resolved 1"])
  }

  @Test func `an item that was discarded and fails again is pending again, and nobody asks for it`() async throws {
    let place = try await place(failed: ["a"])
    try await ask(in: place)
    let discarded = try await Binary("oneshot").run(["dead-letters", "discard", "sample", "a"], place.environment)
    #expect(discarded.exitCode == 0)
    #expect(try await letters(place) == ["a discarded 1"])
    _ = try await SampleJob { run in
      try await run.transaction { session in try run.reject(Self.failures(["a"]), in: session) }
    }.result(in: place)
    #expect(try await letters(place) == ["a pending 2"])
  }

  @Test func `a run takes ten thousand, the next one the rest; what was left before comes last`() async throws {
    let place = try await place(failed: ["left"])
    try await ask(in: place)
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
    let place = try await place(failed: ["mine"])
    try await place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state, replay_asked_at)
      select 'sample', sha256(convert_to(g::text, 'UTF8')), 'other', '{}', 'bad', 'is bad', 1, now(), now(),
        gen_random_uuid(), 'pending', now() - interval '1 day' from generate_series(1, 20100) g
      """)
    try await ask("sample", "mine", in: place)
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
    let items = (0..<5).map { "\($0)" + String(repeating: "x", count: 5_000_000) }
    let place = try await place(failed: items, isLarge: true)
    try await ask(in: place)
    let given = Given()
    var runs = 0
    while given.items.count < 5, runs < 10 {
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
    let place = try await place(failed: names)
    try await ask(in: place)
    let total = try await letters(place).count
    let half = Array(names.prefix(names.count / 2))
    let result = try await SampleJob().replaying { letters, run in
      #expect(letters.count == total)
      for name in names where !name.utf8.contains(0) {
        #expect(letters.filter { $0.says("of", name) }.map { Array($0.item.utf8) } == [Array(name.utf8)])
      }
      #expect(letters.allSatisfy { $0.says("of") && !$0.says("o") })
      try await run.transaction { session in try run.reject(Self.failures(half), in: session) }
      return letters
    }.result(in: place)
    #expect(
      replayed(result)
        == #"{"handed":\#(total),"resolved":\#(total - half.count),"failed_again":\#(half.count),"left":0}"#)
    #expect(try await letters(place).allSatisfy { $0.hasSuffix(" resolved 1") || $0.hasSuffix(" pending 2") })
  }
}
