import Foundation
import TestSupport
import Testing

/// Row 23 of faults.md: the stream ends after byte N, and N is swept over the whole conversation: of every job, with both
/// servers, in both directions, each connection by itself and all of them.
///
/// `make test` takes some of all places, other ones each time. `ONESHOT_SWEEP=all` takes every byte, `ONESHOT_SWEEP=3/20`
/// the third of twenty parts of that, and `ONESHOT_SWEEP=1000` so many. A failure names its cut.
@Suite(.timeLimit(.minutes(24 * 60))) struct SweepTests {
  /// How much of all is swept.
  private enum Extent {
    case all
    case part(Int, of: Int)
    case sample(Int)

    init(_ text: String?) throws {
      let numbers = (text ?? "200").split(separator: "/").compactMap { Int($0) }
      switch numbers.count {
      case 1: self = .sample(numbers[0])
      case 2 where (1...numbers[1]).contains(numbers[0]): self = .part(numbers[0], of: numbers[1])
      default:
        guard text == "all" else { throw TestFailure("ONESHOT_SWEEP is all, a number, or a part of all such as 3/20") }
        self = .all
      }
    }

    var isOfEveryByte: Bool { if case .sample = self { false } else { true } }

    /// Parts go by the byte: a conversation that is a little longer the next time moves no other cut into another part.
    func cuts(of all: [Cut]) -> [Cut] {
      switch self {
      case .all: all
      case .part(let part, let count): all.filter { $0.byte % count == part - 1 }
      case .sample(let count): Array(all.shuffled().prefix(count))
      }
    }
  }

  /// Several at once: most of the time a run waits for a server.
  private static let workers = 4

  @Test func `23: wherever the stream ends, the run ends in the contract and the data are right`() async throws {
    let extent = try Extent(ProcessInfo.processInfo.environment["ONESHOT_SWEEP"])
    var places: [Cut] = []
    for conversation in Conversation.all {
      let cuts = try await Cut.all(of: conversation, everyByte: extent.isOfEveryByte)
      SweepProgress.say("\(conversation): \(cuts.count) places where a stream can end")
      places += cuts
    }
    let cuts = extent.cuts(of: places)
    SweepProgress.say("sweeping \(cuts.count) of \(places.count) places")
    let progress = SweepProgress(of: cuts.count)
    try await withThrowingTaskGroup { group in
      for worker in 0..<Self.workers {
        group.addTask {
          var judges = Judges()
          for index in stride(from: worker, to: cuts.count, by: Self.workers) where progress.goesOn {
            progress.add(try await judges.judge(cuts[index]), to: cuts[index])
          }
        }
      }
      try await group.waitForAll()
    }
    let tally = progress.tally
    SweepProgress.say("swept: \(tally)")
    #expect(tally.breaches.isEmpty, "\(tally.breaches.joined(separator: "\n"))")
    // A server that never gets beyond the first bytes is out of reach: the proxy did cut.
    #expect(tally.exitCodes[0, default: 0] > 0 && tally.exitCodes[69, default: 0] > 0)
    // Where connections are opened at once, one may be another's number the next time, and shorter.
    #expect(tally.notReached * 10 < cuts.count)
  }

  /// One worker's places.
  private struct Judges {
    private var fields: [String: (judge: @Sendable (Cut) async throws -> Cut.Verdict, uses: Int)] = [:]
    /// A table that was emptied a thousand times is slow.
    private static let uses = 300

    mutating func judge(_ cut: Cut) async throws -> Cut.Verdict {
      let name = cut.conversation.job.job
      if fields[name]?.uses ?? Self.uses == Self.uses {
        fields[name] = (try await Self.field(of: cut.conversation.job), 0)
      }
      guard let field = fields[name] else { throw TestFailure("no place for \(name)") }
      fields[name]?.uses += 1
      return try await field.judge(cut)
    }

    private static func field<Field: ModelledJob>(
      of job: Field.Type
    ) async throws -> @Sendable (Cut) async throws -> Cut.Verdict {
      let field = try await SweptField<Field>()
      return { cut in try await field.judge(cut) }
    }
  }
}
