package import JobRuntime

/// One problem, described for an operator.
package struct Trouble: Sendable, Equatable {
  package var part: JobPart
  package var kind: Kind
  /// Since when the problem exists, as far as is known.
  package var since: Timestamp
  /// What is wrong, and what to do next.
  ///
  /// May contain text that a job or another program has written.
  package var message: String

  package enum Kind: String, Sendable, CaseIterable {
    /// Nothing was started for too long.
    case missed
    /// Runs start, but the last success is too old; or they start too long after their slot.
    case late
    /// Nothing was started for far longer than usual, for a job without an expectation.
    case silent
    /// Runs start more often than they should.
    case tooOften = "too_often"
    /// A run does not end, or died; or its lock never ends.
    case stuck
    /// A run takes much longer than usual.
    case slow
    /// Runs do not succeed.
    case failing
    /// Runs alternate between success and failure.
    case flapping
    /// Runs succeed and find nothing to do.
    case idle
    /// Runs leave more and more to later ones.
    case debt
    /// Work that runs leave has waited for too long.
    case waiting
    /// What a job sends through takes nothing, and is left alone.
    case closed
    /// A run says that it started in the future.
    case clock
    /// Items wait for a person for too long.
    case deadLetters = "dead_letters"

    /// Whether work is not done, rather than done badly.
    package var isError: Bool {
      switch self {
      case .missed, .late, .silent, .stuck, .failing, .flapping, .waiting, .closed, .clock: true
      case .tooOften, .slow, .idle, .debt, .deadLetters: false
      }
    }
  }
}
