/// The progress of reading a partition in one run: what was taken, and what its broker has reported about its end.
public struct TopicReading: Sendable {
  /// The position up to which messages were taken, including those that are not processed yet.
  public private(set) var position: TopicPosition
  /// The offset from which the broker has to send messages.
  public let begin: Int64
  /// Whether the topic is confirmed to be the one that the position belongs to.
  private var isConfirmed: Bool
  /// The end, if the broker has reported it and nothing has come since.
  public private(set) var end: Int64?
  /// The end when the broker was asked last.
  private var answered: Int64

  /// What a message means for the position.
  public enum Verdict: Sendable { case new, known, ofAnotherTopic }

  /// - Parameter bounds: the offsets that the broker has.
  public init(_ position: TopicPosition, in bounds: Range<Int64>) {
    self.position = position
    // Beyond the end that the broker reports there may still be messages: Tansu names the first offset of the last
    // batch.
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

  /// Notes that the broker has nothing more after an offset.
  public mutating func noteEnd(at offset: Int64) { end = offset }

  /// Notes the end that the broker reports when asked: Tansu reports it unasked only for an empty partition.
  public mutating func noteAnswer(_ offset: Int64) {
    answered = offset
    if end == nil, offset < position.next { end = offset }
  }

  /// Whether the broker's messages end before the position, although nothing more comes: it is another topic of the
  /// same name, or has lost messages.
  public var isBeyondEnd: Bool {
    guard let end else { return false }
    return !isConfirmed && end < position.next
  }

  /// How many messages are not taken, by the broker's last report.
  public var behind: Int { max(0, Int(answered - max(position.next, end ?? 0))) }
}
