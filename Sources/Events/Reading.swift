/// Which handlers take which events, and how an envelope is read.
public struct Reading: Sendable {
  /// The path to the key in the envelope: `["campaign_id"]`, `["data", "user_id"]`.
  let keyPath: [String]
  /// A type, or a prefix of types followed by `*`; the handler; whether it keeps an order; and whether it takes only
  /// events that no other handler takes.
  let takers: [Taker]
  let ignoresUnknown: Bool

  /// A handler's claim to events of some types.
  public struct Taker: Sendable {
    let pattern: String
    let handler: String
    let isOrdered: Bool
    let isFallback: Bool

    /// - Parameters:
    ///   - pattern: a type, or a prefix of types followed by `*`.
    ///   - handler: the handler's name.
    ///   - isOrdered: whether the events of one key go to it one after the other.
    ///   - isFallback: whether it takes only events that no other handler takes.
    public init(pattern: String, handler: String, isOrdered: Bool, isFallback: Bool) {
      (self.pattern, self.handler, self.isOrdered, self.isFallback) = (pattern, handler, isOrdered, isFallback)
    }
  }

  /// - Parameters:
  ///   - keyPath: the path to the key in the envelope.
  ///   - takers: the claims of all handlers.
  ///   - ignoresUnknown: whether an event that no handler takes is done; otherwise it becomes a dead letter.
  public init(keyPath: [String], takers: [Taker], ignoresUnknown: Bool) {
    (self.keyPath, self.takers, self.ignoresUnknown) = (keyPath, takers, ignoresUnknown)
  }
}
