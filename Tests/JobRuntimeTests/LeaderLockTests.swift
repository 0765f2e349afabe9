import Foundation
import Redis
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct LeaderLockTests {
  private static let log = Log(
    to: Terminal(descriptor: -1), format: .json, level: .error, job: "job", runID: "id", redactor: Redactor([]),
    now: { Timestamp(seconds: 0) })

  private func lock(
    _ place: Place, _ holder: String, ttl: Duration = .seconds(60), minHold: Duration = .zero,
    shard: Shard = Shard(index: 0, count: 1)
  ) -> LeaderLock {
    LeaderLock(
      RunIdentity(job: "job", shard: shard), holder: holder, ttl: ttl, minHold: minHold, connection: place.redis)
  }

  private func holder(of attempt: LeaderLock.Attempt) -> String? {
    if case .held(let by) = attempt { by } else { nil }
  }

  private func isAcquired(_ attempt: LeaderLock.Attempt) -> Bool {
    if case .acquired = attempt { true } else { false }
  }

  @Test func `the key names job and shard`() {
    #expect(RunIdentity(job: "job").lockKey == "oneshot:lock:job")
    #expect(RunIdentity(job: "job", shard: Shard(index: 2, count: 4)).lockKey == "oneshot:lock:job/2")
  }

  @Test func `the first takes the lock and the second is shown who holds it`() async throws {
    let place = try await Place(migrated: false)
    let first = lock(place, "first")
    #expect(isAcquired(try await first.acquire()))
    #expect(try await place.redis("GET", first.key).text == "first")
    let left = try #require(try await place.redis("PTTL", first.key).integer)
    #expect((1...60_000).contains(left))
    let attempt = try await lock(place, "second").acquire()
    #expect(holder(of: attempt) == "first")
    #expect(try await place.redis("GET", first.key).text == "first")
  }

  @Test func `of twenty at once exactly one takes it`() async throws {
    let place = try await Place(migrated: false)
    let address = try #require(Self.address(place))
    let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<20 {
        group.addTask {
          let connection = RedisConnection(address, clientName: "\(number)")
          let lock = LeaderLock(
            RunIdentity(job: "job"), holder: "\(number)", ttl: .seconds(60), minHold: .zero,
            connection: connection)
          if case .acquired = try await lock.acquire() { return true }
          return false
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(taken == 1)
  }

  private static func address(_ place: Place) -> RedisAddress? {
    var problem = ""
    return RedisAddress(url: place.redisURL, problem: &problem)
  }

  @Test func `shards do not keep each other out`() async throws {
    let place = try await Place(migrated: false)
    #expect(isAcquired(try await lock(place, "a", shard: Shard(index: 0, count: 2)).acquire()))
    #expect(isAcquired(try await lock(place, "b", shard: Shard(index: 1, count: 2)).acquire()))
  }

  @Test(arguments: ["", "some other client's", "\u{1}ü"]) func `any value of another client excludes`(value: String)
    async throws
  {
    let place = try await Place(migrated: false)
    try await place.redis("SET", "oneshot:lock:job", value)
    #expect(holder(of: try await lock(place, "own").acquire()) == value)
    #expect(try await place.redis("GET", "oneshot:lock:job").text == value)
  }

  @Test func `our lock excludes a client that uses SET NX PX`() async throws {
    let place = try await Place(migrated: false)
    #expect(isAcquired(try await lock(place, "own").acquire()))
    #expect(try await place.redis("SET", "oneshot:lock:job", "other", "NX", "PX", "1000") == .null)
  }

  @Test func `an own holder that stands there already is taken over`() async throws {
    // The answer to an earlier SET was lost.
    let place = try await Place(migrated: false)
    try await place.redis("SET", "oneshot:lock:job", "own", "PX", "5000")
    let own = lock(place, "own")
    #expect(isAcquired(try await own.acquire()))
    #expect(try #require(try await place.redis("PTTL", own.key).integer) > 5000)
    try own.lease.check(own.key)
  }

  @Test(.timeLimit(.minutes(10)))
  func `renewing keeps the lock longer than its lease`() async throws {
    let place = try await Place(migrated: false)
    let lock = lock(place, "own", ttl: .seconds(30))
    #expect(isAcquired(try await lock.acquire()))
    let renewal = Task { try await lock.keepRenewed(log: Self.log) }
    // Every third of it, so four renewals are longer than the lease; each one raises the key's life.
    var (renewals, left) = (0, Int64.max)
    while renewals < 4 {
      #expect(try await place.redis("GET", lock.key).text == "own")
      try lock.lease.check(lock.key)
      let now = try await place.redis("PTTL", lock.key).integer ?? -2
      try #require(now > 0, "the key is gone")
      if now > left { renewals += 1 }
      left = now
      try await Task.sleep(for: .milliseconds(50))
    }
    renewal.cancel()
    await #expect(throws: CancellationError.self) { try await renewal.value }
  }

  @Test(.timeLimit(.minutes(10)), arguments: [[], ["SET", "oneshot:lock:job", "other"]])
  func `a lock that is deleted or taken over is lost`(change: [String]) async throws {
    let place = try await Place(migrated: false)
    let lock = lock(place, "own", ttl: .milliseconds(600))
    #expect(isAcquired(try await lock.acquire()))
    try await place.redis("DEL", lock.key)
    if !change.isEmpty { try await place.redis(all: [RedisCommand("SET", change[1], change[2])]) }
    let failure = try await #require(throws: JobFailure.self) { try await lock.keepRenewed(log: Self.log) }
    #expect(failure.kind == .lockLost)
    #expect(throws: JobFailure.self) { try lock.lease.check(lock.key) }
    #expect(try await place.redis("GET", lock.key).text == (change.isEmpty ? nil : "other"))
  }

  @Test(.timeLimit(.minutes(10)))
  func `a lock that cannot be renewed before its lease ends is lost`() async throws {
    let servers = try PrivateServers()
    var problem = ""
    let address = try #require(RedisAddress(url: servers.redisURL, problem: &problem))
    let connection = RedisConnection(
      address, clientName: "lock", connectTimeout: .seconds(2), commandTimeout: .seconds(2))
    let lock = LeaderLock(
      RunIdentity(job: "job"), holder: "own", ttl: .seconds(6), minHold: .zero,
      connection: connection)
    #expect(isAcquired(try await lock.acquire()))
    let pid = try #require(
      Int32(String(contentsOfFile: servers.folder + "/redis.pid", encoding: .utf8).prefix { $0.isNumber }))
    kill(pid, SIGSTOP)
    defer { kill(pid, SIGCONT) }
    let failure = try await #require(throws: JobFailure.self) { try await lock.keepRenewed(log: Self.log) }
    #expect(failure.kind == .lockLost)
    withExtendedLifetime(servers) {}
  }

  @Test func `releasing gives back only what is one's own`() async throws {
    let place = try await Place(migrated: false)
    let own = lock(place, "own")
    #expect(isAcquired(try await own.acquire()))
    try await lock(place, "other").release(isDone: true)
    #expect(try await place.redis("GET", own.key).text == "own")
    try await own.release(isDone: true)
    #expect(try await place.redis("EXISTS", own.key).integer == 0)
    #expect(throws: JobFailure.self) { try own.lease.check(own.key) }
  }

  @Test func `a lock with a minimal hold stays that long`() async throws {
    let place = try await Place(migrated: false)
    let own = lock(place, "own", ttl: .seconds(5), minHold: .seconds(600))
    #expect(isAcquired(try await own.acquire()))
    try await own.release(isDone: true)
    let left = try #require(try await place.redis("PTTL", own.key).integer)
    #expect((500_000...600_000).contains(left))
    #expect(holder(of: try await lock(place, "second").acquire()) == "own")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a minimal hold that is over does not keep the key`() async throws {
    let place = try await Place(migrated: false)
    let own = lock(place, "own", minHold: .milliseconds(1))
    #expect(isAcquired(try await own.acquire()))
    let acquired = try #require(own.lease.acquiredAt)
    try await eventually { ContinuousClock.now > acquired + .milliseconds(2) }
    try await own.release(isDone: true)
    #expect(try await place.redis("EXISTS", own.key).integer == 0)
  }

  @Test func `a run that is to be tried again does not hold the others off`() async throws {
    let place = try await Place(migrated: false)
    let own = lock(place, "own", minHold: .seconds(600))
    #expect(isAcquired(try await own.acquire()))
    try await own.release(isDone: false)
    #expect(isAcquired(try await lock(place, "second").acquire()))
  }
}
