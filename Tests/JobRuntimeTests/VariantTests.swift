import Redis
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// Runs of one job that do different parts of its work.
@Suite(.timeLimit(.minutes(10))) struct VariantTests {
  private static let slot = ["JOB_SCHEDULED_AT": "2025-11-03T04:00:00Z"]

  @Test func `a run waits for one of another variant, and both do their work for the same slot`() async throws {
    let place = try await Place()
    let log = Order()
    let isFirstIn = Gate()
    let letGo = Gate()
    async let hourly = SampleJob(variant: "hourly") { _ in
      isFirstIn.open()
      try await letGo.wait()
      log.add("hourly")
    }.result(in: place, Self.slot)
    try await isFirstIn.wait()
    async let weekly = SampleJob(variant: "weekly") { _ in log.add("weekly") }
      .result(in: place, Self.slot)
    // The last command of its connection for the lock, the newer one, asks who holds it: it was refused.
    let database = place.redisURL.split(separator: "?db=")[1]
    try await eventually {
      let clients = try await place.redis("CLIENT", "LIST").text ?? ""
      let ours = clients.split(separator: "\n").filter {
        $0.contains(" name=sample-lock ") && $0.contains(" db=\(database) ")
      }
      return ours.count == 2 && ours[1].contains(" cmd=eval")
    }
    letGo.open()
    let (first, second) = try await (hourly, weekly)
    #expect(first.status == .succeeded && second.status == .succeeded, "\(first) \(second)")
    #expect(log.words == ["hourly", "weekly"])
    #expect(try await SampleJob(variant: "weekly").result(in: place, Self.slot).reason == "already_done")
  }

  @Test func `a run does its work where the lock is released before it could read who held it`() async throws {
    let place = try await Place()
    try await place.redis("SET", "oneshot:lock:sample", "{}")
    let (servers, number) = (place.servers, place.redisNumber)
    let isReleased = Atomic<Bool>(false)
    let proxy = try Proxy(to: servers.redisSocket) { piece in
      guard piece.contains("string.sub(held"), !isReleased.exchange(true, ordering: .relaxed) else { return .pass }
      try? servers.shell(#"redis-cli -s "$ONESHOT_SERVERS/redis.sock" -n \#(number) del oneshot:lock:sample"#)
      return .pass
    }
    defer { proxy.close() }
    let result = try await SampleJob { _ in }.result(in: place, place.environment(redis: proxy))
    #expect(result.status == .succeeded, "\(result)")
    let wasReleased = isReleased.load(ordering: .relaxed)
    #expect(wasReleased)
  }

  @Test(arguments: ["hourly", "weekly"])
  func `a run does not wait for its own variant, which does its work, and fails after JOB_LOCK_WAIT for another's`(
    variant: String
  ) async throws {
    let place = try await Place()
    let isFirstIn = Gate()
    let letGo = Gate()
    async let hourly = SampleJob(variant: "hourly") { _ in
      isFirstIn.open()
      try await letGo.wait()
    }.result(in: place)
    try await isFirstIn.wait()
    let holder = try await place.redis("GET", "oneshot:lock:sample").text ?? ""
    let second = try await SampleJob(variant: variant).result(
      in: place, ["JOB_LOCK_WAIT": variant == "hourly" ? "5m" : "700ms"])
    letGo.open()
    if variant == "hourly" {
      #expect(second.status == .skipped && second.reason == "locked" && second.exitCode == 0)
    } else {
      #expect(second.status == .failed && second.exitCode == 75 && second.error?.kind == .busy, "\(second)")
      let message = second.error?.message ?? ""
      for words in [
        "oneshot:lock:sample", "JOB_LOCK_WAIT (700ms)", "«hourly»", LockHolder.field("run_id", in: holder) ?? "?",
      ] {
        #expect(message.contains(words), "\(words): \(message)")
      }
      #expect(second.fence == nil)
    }
    #expect(try await hourly.status == .succeeded)
  }

  @Test func `a run does not wait for a lock that is not ours`() async throws {
    let place = try await Place()
    try await place.redis("SET", "oneshot:lock:sample", "somebody", "PX", "60000")
    let run = try await SampleJob(variant: "weekly").result(in: place)
    #expect(run.status == .skipped && run.reason == "locked")
  }

  @Test func `a waiting run ends at its deadline`() async throws {
    let place = try await Place()
    try await place.redis("SET", "oneshot:lock:sample", #"{"run_id":"x","variant":"hourly"}"#, "PX", "600000")
    let run = try await SampleJob(variant: "weekly").result(in: place, ["JOB_TIMEOUT": "1s"])
    #expect(run.status == .failed && run.error?.kind == .deadline)
  }

  @Test func `variants are told apart by the whole word`() {
    func holder(_ variant: String) -> String { #"{"run_id":"x","since":"y","variant":"\#(variant)"}"# }
    #expect(LeaderLock.isOther(than: "daily", holder: holder("daily,weekly")))
    #expect(LeaderLock.isOther(than: "daily,weekly", holder: holder("daily")))
    #expect(!LeaderLock.isOther(than: "daily", holder: holder("daily")))
    #expect(!LeaderLock.isOther(than: "daily", holder: #"{"run_id":"x","since":"y"}"#))
  }
}

/// What happened, in its order.
private final class Order: Sendable {
  private let state = Mutex<[String]>([])
  var words: [String] { state.withLock { $0 } }
  func add(_ word: String) { state.withLock { $0.append(word) } }
}
