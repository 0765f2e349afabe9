/// A job that can replay dead letters on request (`oneshot dead-letters replay`).
///
/// For a job that is not replayable the requests remain, and each of its runs logs a warning.
public protocol Replayable: Job {
  /// Whether a run with these settings and this share of the work replays a dead letter. The replay of a letter that no
  /// run takes stays requested.
  ///
  /// By default each letter belongs to one share by its name. A job that shares its work by something else, or whose
  /// runs do different parts, decides here: the run that would do the item anyway takes it.
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool

  /// Does items again that failed in earlier runs. Called before `run`, in the same run: under the same lock and fence,
  /// and within the same deadline.
  ///
  /// May be called again for the same letters: their replay stays requested until a run has ended well. An item that
  /// the run rejects, here or later, is pending again whatever the outcome.
  ///
  /// By default every letter is left to the run. That is right for a job whose every run does all its items, and
  /// resolves and rejects them.
  ///
  /// - Parameter letters: at most ten thousand; the rest is for the next run.
  /// - Returns: an outcome for each of the letters, in their order.
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome]
}

/// The outcome of a replay for one letter.
public enum ReplayOutcome: Sendable, Equatable {
  /// The item is done: the letter is resolved when the run ends well.
  case done
  /// The work of the run resolves or rejects the item; if it does neither, the replay stays requested.
  case leftToRun
  /// The item could not be done now: the replay stays requested, and the result says why.
  case postponed(String)
}

extension Replayable {
  /// Each letter belongs to one share, by the name of its item.
  public func takes(_ letter: DeadLetter, as shard: Shard) -> Bool { letter.isShare(of: shard) }

  /// Leaves every letter to the run.
  public func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    letters.map { _ in .leftToRun }
  }
}
