/// How far a partition of a Kafka topic is read.
///
/// Each run reads the message before it once more: whether it is the same shows whether the topic is the same.
public struct TopicPosition: Sendable, Equatable, CustomStringConvertible {
  /// The offset of the message that is read next.
  public var next: Int64
  /// When the message before was made, in milliseconds since 1970; `nil` where none was read, or the topic keeps no times.
  public var previous: Int64?

  /// - Parameters:
  ///   - next: the offset of the next message.
  ///   - previous: when the message before was made, in milliseconds since 1970.
  public init(next: Int64, previous: Int64? = nil) { (self.next, self.previous) = (next, previous) }

  /// Reads `NEXT` or `NEXT after TIME`.
  public init?(_ text: String) {
    let words = text.split(separator: " ")
    guard let first = words.first, let next = Int64(first), next >= 0 else { return nil }
    self.next = next
    guard words.count > 1 else { return }
    guard words.count == 3, words[1] == "after", let time = Int64(words[2]) else { return nil }
    previous = time
  }

  /// `NEXT` or `NEXT after TIME`: what `init(_:)` reads.
  public var description: String { "\(next)" + (previous.map { " after \($0)" } ?? "") }
}
