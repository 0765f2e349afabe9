import JobRuntime
import Redis

/// Writes one family of sorted sets, by the way that is chosen, and counts how long that took: for `make bench`.
///
/// - Reads and writes: keys that begin with `bench:`.
/// - Safe to run twice: it writes the same.
/// - Safe to stop halfway: each key is old or new.
/// - If it is late: nothing depends on it.
@main
struct PublishingBench: Job {
  static let facts = JobFacts(name: "publishing-bench", summary: "measures ways of writing a family of keys")

  enum Way: String, CaseIterable {
    /// The commands alone, pipelined, without a fence.
    case bare
    /// `run.publish(_:fencedBy:)`.
    case family
    /// `run.publish(_:)`, a hundred keys each.
    case replacements
  }

  struct Settings: JobSettings {
    let way: Way
    let keys: Int
    let members: Int

    init(from env: inout Environment) {
      way = env.choice("BENCH_WAY", default: .bare, help: "Chooses how keys are written.")
      keys = env.int("BENCH_KEYS", default: 10_000, in: 1...10_000_000, help: "Number of keys.")
      members = env.int("BENCH_MEMBERS", default: 20, in: 1...10_000, help: "Members of each key.")
    }
  }

  struct Report: JobReport {
    var written = 0
    var microseconds = 0
  }

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    let life = Duration.hours(1)
    let contents = (0..<settings.keys).map { key in
      Replacement(
        "bench:\(key)", .sortedSet((0..<settings.members).map { (member: "member \(key + $0)", score: "\($0)") }))
    }
    let start = ContinuousClock.now
    switch settings.way {
    case .bare: try await run.redis { session in try Self.write(contents, life, &session) }
    case .family:
      try await run.publish(
        contents.map { FamilyEntry($0.key, $0.content, timeToLive: life) }, fencedBy: "bench:")
    case .replacements:
      for first in stride(from: 0, to: contents.count, by: 100) {
        try await run.publish(Array(contents[first..<min(first + 100, contents.count)]), timeToLive: life)
      }
    }
    let took = ContinuousClock.now - start
    return Report(written: contents.count, microseconds: Int(took.inMicroseconds))
  }

  private static func write(_ contents: [Replacement], _ life: Duration, _ session: inout RedisSession) throws {
    // As many at once as the family's form sends.
    for first in stride(from: 0, to: contents.count, by: 2000) {
      let commands = contents[first..<min(first + 2000, contents.count)].flatMap { replacement in
        guard case .sortedSet(let members) = replacement.content else { return [RedisCommand]() }
        let pairs = members.flatMap { [Array($0.score.utf8), Array($0.member.utf8)] }
        return [
          RedisCommand("UNLINK", replacement.key), RedisCommand("ZADD", replacement.key, bytes: pairs),
          RedisCommand("PEXPIRE", replacement.key, "\(life.inMilliseconds)"),
        ]
      }
      for case .error(let code, let message) in try session.pipeline(commands) {
        throw RedisError.server(code: code, message: message)
      }
    }
  }
}
