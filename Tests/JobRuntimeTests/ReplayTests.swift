import Postgres
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// Dead letters that somebody asked for, through the real command and a real run.
@Suite(.timeLimit(.minutes(10))) struct ReplayTests {
  @Test func `what is asked for is given to the job before its work, and resolved when the run ends well`() async throws
  {
    let place = try await placeWhere(failed: ["a", "b", "c"])
    try await place.askForReplay("sample", "a")
    try await place.askForReplay("sample", "c")
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
    #expect(try await place.letters() == ["a resolved 1", "b pending 1", "c resolved 1"])
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
    let place = try await placeWhere(failed: ["a", "b"])
    try await place.askForReplay("--job", "sample")
    let reject: @Sendable (JobRun) async throws -> Void = { run in
      try await run.transaction { tx in try tx.reject(failures(["b"])) }
    }
    let result = try await SampleJob(work: reject).replaying { letters, run in
      try await reject(run)
      return letters
    }.result(in: place)
    #expect(result.status == .partial && result.errorsTotal == 1 && result.errors.map(\.item) == ["b"])
    #expect(replayed(result) == #"{"handed":2,"resolved":1,"failed_again":1,"left":0}"#)
    #expect(try await place.letters() == ["a resolved 1", "b pending 2"])
  }

  @Test func `what the run itself resolves or rejects needs no word of the replay; what is neither stays asked`()
    async throws
  {
    let place = try await placeWhere(failed: ["a", "b", "c"])
    try await place.askForReplay("--job", "sample")
    let result = try await SampleJob { run in
      try await run.transaction { tx in
        try tx.resolve(["a"])
        try tx.reject(failures(["b"]))
      }
    }.result(in: place)
    #expect(replayed(result) == #"{"handed":3,"resolved":1,"failed_again":1,"left":1}"#)
    #expect(try await place.letters() == ["a resolved 1", "b pending 2", "c pending 1 asked"])
  }

  @Test func `a run that fails leaves them asked, and the next one does them`() async throws {
    let place = try await placeWhere(failed: ["a"])
    try await place.askForReplay("--job", "sample")
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
    #expect(try await place.letters() == ["a pending 1 asked"])
    #expect(try await job { _ in }.result(in: place).status == .succeeded)
    #expect(given.items == ["a", "a"])
    #expect(try await place.letters() == ["a resolved 1"])
  }

  @Test func `a replay that goes wrong does not keep the job from its work`() async throws {
    struct Unforeseen: Error {}
    let place = try await placeWhere(failed: ["a"])
    try await place.askForReplay("--job", "sample")
    let hasWorked = Mutex(false)
    let result = try await SampleJob { _ in hasWorked.withLock { $0 = true } }
      .replaying { _, _ in throw Unforeseen() }.result(in: place)
    #expect(result.status == .succeeded && hasWorked.withLock(\.self))
    #expect(result.details["replayed"]?["failure"] == "Unforeseen()")
    #expect(try await place.letters() == ["a pending 1 asked"])
  }

  @Test func `a run that was overtaken settles nothing, and each item is settled by one run`() async throws {
    let place = try await placeWhere(failed: ["a", "b"])
    try await place.askForReplay("--job", "sample")
    let given = Given()
    let slow = SampleJob { _ in
      // What the end of its lease does; and then another run does everything.
      try await place.redis("DEL", "oneshot:lock:sample")
      let other = try await SampleJob().replaying { letters, run in
        given.take(letters)
        try await run.transaction { tx in try tx.reject(failures(["b"])) }
        return letters
      }.result(in: place)
      #expect(other.status == .partial)
      #expect(other.details["replayed"]?.text == #"{"handed":2,"resolved":1,"failed_again":1,"left":0}"#)
    }.replaying { letters, _ in letters }
    let result = try await slow.result(in: place)
    #expect(result.error?.kind == .fenced || result.error?.kind == .lockLost, "\(result)")
    #expect(given.items.sorted() == ["a", "b"])
    #expect(try await place.letters() == ["a resolved 1", "b pending 2"])
  }

  @Test func `two runs at once are one run: the other finds the lock held`() async throws {
    let place = try await placeWhere(failed: ["a"])
    try await place.askForReplay("--job", "sample")
    let given = Given()
    let result = try await SampleJob { _ in
      let other = try await SampleJob().replaying { letters, _ in
        given.take(letters)
        return letters
      }.result(in: place)
      #expect(other.reason == "locked")
    }.replaying { letters, _ in letters }.result(in: place)
    #expect(result.status == .succeeded && given.items.isEmpty)
    #expect(try await place.letters() == ["a resolved 1"])
  }

  @Test func `JOB_REPLAY=false leaves them asked, and a plan only counts them`() async throws {
    let place = try await placeWhere(failed: ["a", "b"])
    try await place.askForReplay("--job", "sample")
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
    #expect(try await place.letters() == ["a pending 1 asked", "b pending 1 asked"])
    #expect(try await place.value("select count(*) from oneshot.dead_letters where replay_run_id is null") == "2")
  }

  @Test func `what is asked for anew while a run does it stays asked`() async throws {
    let place = try await placeWhere(failed: ["good", "bad", "given up"])
    try await place.askForReplay("--job", "sample")
    let result = try await SampleJob { run in
      try await run.transaction { tx in try tx.reject(failures(["bad"])) }
      // Somebody has mended it since, and asks again; and gives another up.
      try await place.askForReplay("sample", "bad")
      try await place.askForReplay("sample", "good")
      let discarded = try await Binary("oneshot").run(
        ["dead-letters", "discard", "sample", "given up"], place.environment)
      #expect(discarded.exitCode == 0, "\(discarded.errors)")
    }.replaying { letters, _ in letters }.result(in: place)
    #expect(result.status == .partial)
    #expect(
      try await place.letters() == ["bad pending 2 asked", "given up discarded 1", "good pending 1 asked"])
    let next = try await SampleJob().replaying { letters, _ in letters }.result(in: place)
    #expect(replayed(next) == #"{"handed":2,"resolved":2,"failed_again":0,"left":0}"#)
    #expect(try await place.letters() == ["bad resolved 2", "given up discarded 1", "good resolved 1"])
  }

  @Test func `an item that was discarded and fails again is pending again, and nobody asks for it`() async throws {
    let place = try await placeWhere(failed: ["a"])
    try await place.askForReplay("--job", "sample")
    let discarded = try await Binary("oneshot").run(["dead-letters", "discard", "sample", "a"], place.environment)
    #expect(discarded.exitCode == 0)
    #expect(try await place.letters() == ["a discarded 1"])
    _ = try await SampleJob { run in
      try await run.transaction { tx in try tx.reject(failures(["a"])) }
    }.result(in: place)
    #expect(try await place.letters() == ["a pending 2"])
  }
}
