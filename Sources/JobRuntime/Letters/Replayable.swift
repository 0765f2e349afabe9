/// A job that can do dead letters again because somebody asked for it (`oneshot dead-letters replay`).
///
/// The letters of a job that is none stay asked for, and each of its runs warns of them.
public protocol Replayable: Job {
  /// Whether a run as this one is set, and this share of the work, is the one to do a dead letter again. One that no run
  /// takes stays asked for.
  ///
  /// By default each letter falls to one share by its name. A job that shares its work by something else says so here,
  /// as does one whose runs do different parts: the run that would do the item anyway.
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool

  /// Does items again that failed in earlier runs. Called before `run`, in the same run: behind the same lock and fence,
  /// and within the same deadline.
  ///
  /// May be called again for the same letters: they stay asked for until a run has ended well. An item that the run
  /// rejects, here or later, is pending again whatever the outcome.
  ///
  /// By default every letter is left to the run: right for a job whose every run does all there is, and resolves and
  /// rejects items.
  ///
  /// - Parameter letters: at most ten thousand; the rest is for the next run.
  /// - Returns: an outcome for each of the letters, in their order.
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome]
}

/// What a replay came to for one letter.
public enum ReplayOutcome: Sendable, Equatable {
  /// The item needs no more: the letter is resolved when the run ends well.
  case done
  /// The work of the run resolves or rejects the item; if it does neither, the letter stays asked for.
  case leftToRun
  /// The item could not be done now: the letter stays asked for, and the result says why.
  case postponed(String)
}

extension Replayable {
  public func takes(_ letter: DeadLetter, as shard: Shard) -> Bool { letter.isShare(of: shard) }

  public func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    letters.map { _ in .leftToRun }
  }
}
