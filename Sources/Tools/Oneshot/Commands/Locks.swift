import JobRuntime
import Operations
import Postgres
import Redis

/// `oneshot locks`: who holds a lock now.
struct Locks: Command {
  static let name = "locks"
  static let summary = "list the locks that are held, and by whom"
  static let discussion =
    "A lock ends by itself within JOB_LOCK_TTL once its run is dead. One whose run has ended is kept for JOB_LOCK_MIN_HOLD, or was left behind; `oneshot unlock` removes it sooner. Where Postgres is out of reach, the locks are shown without what the ledger says."

  private let isJSON: Bool
  private let instance: String?

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isJSON = arguments.flag("json", help: "one JSON array")
    instance = instanceOption(from: &arguments, &env, help: "only locks of this installation")
  }

  func run(_ console: Console, on servers: Servers) async throws -> Int32 {
    let all = try await withRedis(servers.redis) { redis in try await HeldLock.all(on: redis) }
    let locks = all.filter { lock in instance.map { $0 == JobPart(lockName: lock.name).instance } ?? true }
    let standings = await LockStanding.read(locks, from: servers.database, console)
    if isJSON {
      try console.say(JSON.array(standings.map { $0.json(at: console.now) }))
    } else if standings.isEmpty {
      console.note("no lock is held")
    } else {
      var table = Table("lock", "run", "variant", "host", "since", "left", "ledger")
      for standing in standings {
        let lock = standing.lock
        table.add(
          lock.name, lock.runID.map { String($0.prefix(13)) }, lock.field("variant"), lock.field("host"),
          lock.field("since").map(Self.toTheSecond), lock.timeLeft?.short ?? "for ever",
          standing.state(at: console.now))
      }
      try console.say(table.text(width: console.width))
    }
    return 0
  }

  fileprivate static func toTheSecond(_ text: String) -> String { Timestamp(rfc3339: text)?.toTheSecond ?? text }
}

extension LockStanding {
  /// The locks with what the ledger says; where the ledger cannot be read, with the reason.
  static func read(
    _ locks: [HeldLock], from database: ConnectionOptions, _ console: Console
  ) async -> [LockStanding] {
    do {
      return try await withLedger(database, console) { database in try await of(locks, in: database) }
    } catch {
      let problem = console.redacted(JobFailure(classifying: error)).message
      return locks.map { LockStanding(lock: $0, run: nil, problem: problem) }
    }
  }

  /// What the ledger says of the holder.
  func state(at now: Timestamp) -> String {
    let run = run
    if let problem, lock.runID != nil { return "not known: \(problem)" }
    return switch verdict(at: now) {
    case .working where lock.timeLeft == nil:
      "running, yet its lock has no end: a run that is alive gives it one within JOB_LOCK_TTL; if it stays, the run is dead"
    case .working: "running" + (run?.deadlineAt.map { atMost(until: $0, at: now) } ?? "")
    case .overdue: "running, but its time is over: stuck"
    case .ended(let status):
      "\(status.rawValue)\(run?.finishedAt.map { " \($0.elapsed(at: now).short) ago" } ?? ""): \(lock.timeLeft == nil ? "" : "kept for JOB_LOCK_MIN_HOLD, or ")left behind"
    case .unknown: "unknown: just starting, of another database, or left behind"
    case .foreign: "no run of ours: \(lock.holder)"
    }
  }

  private func atMost(until deadline: Timestamp, at now: Timestamp) -> String {
    deadline > now ? ", at most \((deadline - now).short) more" : ", and has to end now"
  }

  /// The same for programs.
  func json(at now: Timestamp) -> JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    let verdict: String? =
      switch verdict(at: now) {
      case .working: "working"
      case .overdue: "overdue"
      case .ended: "ended"
      case .unknown: problem == nil ? "unknown" : nil
      case .foreign: "foreign"
      }
    return [
      "key": .string(lock.key), "name": .string(lock.name), "holder": .string(lock.holder),
      "holder_is_cut": .bool(lock.isCut), "time_left_ms": lock.timeLeft.map { .integer($0.inMilliseconds) } ?? .null,
      "run_id": text(lock.runID),
      "host": text(lock.field("host")), "since": text(lock.field("since")), "variant": text(lock.field("variant")),
      "ledger_status": text(run?.status.rawValue), "job": text(run?.part.job),
      "instance": text(run?.part.instance), "server": text(lock.field("server")),
      "deadline_at": text(run?.deadlineAt?.rfc3339), "verdict": text(verdict), "ledger_problem": text(problem),
    ]
  }

  /// Everything that is known, for the operator who decides about the lock.
  func sheet(at now: Timestamp) -> Sheet {
    var sheet = Sheet()
    sheet.add("lock", lock.key)
    sheet.add("ends", lock.timeLeft.map { "in \($0.short), unless it is renewed" } ?? "never by itself")
    sheet.add("run", lock.runID)
    sheet.add("variant", lock.field("variant"))
    sheet.add("redis", lock.field("server"))
    sheet.add("host", lock.field("host"))
    sheet.add("since", lock.field("since").map { Timestamp(rfc3339: $0)?.withAge(at: now) ?? $0 })
    sheet.add("ledger", state(at: now))
    return sheet
  }
}
