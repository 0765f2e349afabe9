/// A kind of item failure: what an operator reads besides the message of one item.
///
/// A job declares its kinds as constants and lists them in its facts (`JobFacts.letterKinds`). The run that writes a
/// dead letter also writes its kind's two sentences (`oneshot.letter_kinds`); `oneshot dead-letters show` and the
/// status page read them there. A test compares the tables in docs/jobs with `--describe`.
public struct LetterKind: Sendable, Equatable {
  /// A short word in snake_case: `not_integer`.
  public let name: String
  /// One sentence: what has happened to items of this kind.
  public let cause: String
  /// One sentence: what to do about it.
  public let remedy: String

  /// - Parameters:
  ///   - name: in snake_case, unique in the job.
  ///   - cause: one sentence: what is wrong with such an item.
  ///   - remedy: one sentence: what to do about it.
  public init(_ name: String, cause: String, remedy: String) {
    (self.name, self.cause, self.remedy) = (name, cause, remedy)
  }
}

/// One item that failed, for `oneshot.dead_letters` and the result.
public struct ItemFailure: Sendable, Equatable {
  /// Names the item for a person and for a replay, for example the Redis key.
  public var item: String
  /// What kind of failure it is; one of the job's `letterKinds`.
  public var kind: LetterKind
  /// What is wrong with this item.
  public var message: String
  /// Further facts about the item.
  public var payload: JSON

  /// - Parameters:
  ///   - item: names the item; failing again under this name raises `attempts` of the same letter.
  /// - message: what is wrong with this item. Known secrets in it are redacted.
  ///   - payload: an object with further facts.
  public init(item: String, kind: LetterKind, message: String, payload: JSON = [:]) {
    self.item = item
    self.kind = kind
    self.message = message
    self.payload = payload
  }
}
