import JobRuntime
import Operations
import Redis

/// Whether a run holds its lock now.
struct LockOfRun: Sendable {
  private let name: String
  private let runID: String
  /// Whether the run is running by the ledger.
  private let isRunning: Bool
  private let held: Result<HeldLock?, JobFailure>

  init(_ run: LedgerRun, at address: RedisAddress?) async {
    let name = run.lockName
    (self.name, runID, isRunning) = (name, run.id, run.status == .running)
    guard run.part.server.isEmpty || address.map({ $0.identity == run.part.server }) ?? true else {
      held = .failure(JobFailure(.misconfigured, "its Redis is \(run.part.server), and REDIS_URL leads to another"))
      return
    }
    guard let address else {
      held = .failure(JobFailure(.misconfigured, "REDIS_URL is not set"))
      return
    }
    do {
      held = .success(try await withRedis(address) { redis in try await HeldLock.named(name, on: redis) })
    } catch { held = .failure(JobFailure(classifying: error)) }
  }

  var text: String {
    let key = HeldLock.prefix + name
    switch held {
    case .failure(let failure): return "\(key), not known: \(failure.message)"
    case .success(nil): return "\(key), not held" + doubt
    case .success(let lock?):
      let isOwn = lock.runID == runID
      let holder = isOwn ? "this run" : lock.runID.map { "run \($0)" } ?? "another client: \(lock.holder)"
      let end = lock.timeLeft.map { "\($0.short) left" } ?? "without an end"
      return "\(key), held by \(holder), \(end)" + (isOwn ? "" : doubt)
    }
  }

  /// A run takes its lock before it opens its row, and releases it after it has closed the row.
  private var doubt: String { isRunning ? "; a run at work holds it: this one has died, or is about to end" : "" }

  var json: JSON {
    switch held {
    case .failure(let failure): ["key": .string(HeldLock.prefix + name), "problem": .string(failure.message)]
    case .success(nil): ["key": .string(HeldLock.prefix + name), "is_held": false, "is_own": false]
    case .success(let lock?):
      [
        "key": .string(lock.key), "is_held": true, "is_own": .bool(lock.runID == runID),
        "holder": .string(lock.holder), "time_left_ms": lock.timeLeft.map { .integer($0.inMilliseconds) } ?? .null,
      ]
    }
  }
}
