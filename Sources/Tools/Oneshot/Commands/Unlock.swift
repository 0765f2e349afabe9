import JobRuntime
import Operations
import Postgres
import Redis

/// `oneshot unlock JOB`: takes a lock away from its holder.
struct Unlock: Command {
  static let name = "unlock"
  static let summary = "take a job's lock away from its holder"
  static let discussion =
    "Shows the holder and asks. Nothing can be harmed by it: a run that still works notices that its lock is gone and ends (75, lock_lost), and whatever it tries to write after the next run has started is refused by the fence. Ends with 1 where nothing was held, the answer was no, or another run has taken the lock meanwhile."

  private let isSure: Bool
  private let lockName: String

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isSure = arguments.flag("yes", help: "do not ask for confirmation; needed without a terminal")
    lockName = arguments.operand(
      .job,
      help:
        "the lock's job, as `oneshot locks` shows it: of a shard its index too (reindex/2), and of an installation its name (staging/reindex)"
    )
  }

  func run(_ console: Console, on servers: Servers) async throws -> Int32 {
    try await withRedis(servers.redis) { redis in
      guard let lock = try await HeldLock.toRemove(lockName, on: redis) else {
        console.note("nobody holds \(HeldLock.prefix)\(lockName)")
        return 1
      }
      let standing = await LockStanding.read([lock], from: servers.database, console)[0]
      try console.say(standing.sheet(at: console.now).text)
      if !isSure {
        guard let isConfirmed = console.confirms("Take this lock away?") else {
          throw JobFailure(
            .usage, "taking the lock away needs a confirmation, and stdin is not a terminal",
            hint: "Nothing was changed. Look at the holder, then give --yes.")
        }
        guard isConfirmed else {
          console.note("nothing was changed")
          return 1
        }
      }
      guard try await lock.remove(on: redis) else {
        console.note("nothing was changed: this holder no longer has the lock")
        return 1
      }
      try console.say("taken away; the next run may start\n")
      return 0
    }
  }
}
