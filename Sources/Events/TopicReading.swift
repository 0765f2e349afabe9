/// Where the reading of a partition stands in one run: what was taken, and what its broker has said about its end.
public struct TopicReading: Sendable {
  /// Up to where messages were taken; those that are not processed yet included.
  public private(set) var position: TopicPosition
  /// The offset from which the broker is to send messages.
  public let begin: Int64
  /// Whether the topic is the one that the position is of, as far as that can be seen.
  private var isConfirmed: Bool
  /// The end, if the broker has named it and nothing has come since.
  public private(set) var end: Int64?
  /// Where it ended when the broker was asked last.
  private var answered: Int64

  /// What a message is.
  public enum Verdict: Sendable { case new, known, ofAnotherTopic }

  /// - Parameter bounds: the offsets that the broker has.
  public init(_ position: TopicPosition, in bounds: Range<Int64>) {
    self.position = position
    // Beyond what the broker names as its end there may still be messages: Tansu names the first offset of the last batch.
    begin = position.next > bounds.upperBound ? bounds.upperBound : max(bounds.lowerBound, position.next - 1)
    isConfirmed = begin >= position.next
    answered = bounds.upperBound
  }

  /// Notes a message.
  public mutating func take(offset: Int64, timestamp: Int64?) -> Verdict {
    end = nil
    if offset < position.next {
      guard offset == position.next - 1 else { return .known }
      if let previous = position.previous, previous != timestamp { return .ofAnotherTopic }
      isConfirmed = true
      return .known
    }
    isConfirmed = true
    position = TopicPosition(next: offset + 1, previous: timestamp)
    return .new
  }

  /// Notes that the broker has nothing more, behind an offset.
  public mutating func noteEnd(at offset: Int64) { end = offset }

  /// Notes where the broker says that it ends, when asked: Tansu says so by itself only of an empty partition.
  public mutating func noteAnswer(_ offset: Int64) {
    answered = offset
    if end == nil, offset < position.next { end = offset }
  }

  /// Whether what the broker has ends before the position, now that nothing more comes: it is another topic of the name,
  /// or has lost messages.
  public var isBeyondEnd: Bool {
    guard let end else { return false }
    return !isConfirmed && end < position.next
  }

  /// How many messages are not taken, by what the broker has said last.
  public var behind: Int { max(0, Int(answered - max(position.next, end ?? 0))) }
}
