import Foundation
import Synchronization

/// What has become of a sweep's cuts so far, said on stderr every ten seconds: the whole sweep takes its time.
final class SweepProgress: Sendable {
  struct Tally: CustomStringConvertible {
    var done = 0
    /// Runs by their exit codes.
    var exitCodes: [Int32: Int] = [:]
    /// Cuts at bytes that the run did not get to.
    var notReached = 0
    var breaches: [String] = []

    var description: String {
      let codes = exitCodes.sorted { $0.key < $1.key }.map { "\($0.value) ended with \($0.key)" }
      return "\(done) cuts, of which \(notReached) were not reached; runs: \(codes.joined(separator: ", "))"
    }
  }

  private struct State {
    var tally = Tally()
    var saidAt = ContinuousClock.now
  }

  private let total: Int
  private let began = ContinuousClock.now
  private let state = Mutex(State())
  /// So many failures say enough.
  private static let enough = 20

  init(of total: Int) { self.total = total }

  var tally: Tally { state.withLock(\.tally) }

  var goesOn: Bool { tally.breaches.count < Self.enough }

  func add(_ verdict: Cut.Verdict, to cut: Cut) {
    let now = ContinuousClock.now
    let done = state.withLock { state -> Int? in
      state.tally.done += 1
      state.tally.exitCodes[verdict.exitCode, default: 0] += 1
      if !verdict.isMade { state.tally.notReached += 1 }
      state.tally.breaches += verdict.breaches
      guard now - state.saidAt > .seconds(10) else { return nil }
      state.saidAt = now
      return state.tally.done
    }
    for breach in verdict.breaches { Self.say("sweep: \(breach)") }
    guard let done else { return }
    let left = (now - began) * (total - done) / done
    Self.say("sweep: cut \(done) of \(total), \(cut.stream), \(left.components.seconds / 60) min left")
  }

  /// At once, whatever stdout is.
  static func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}
