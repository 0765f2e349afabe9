/// Which handlers take which events, and how an envelope is read.
public struct Reading: Sendable {
  /// The path to the key in the envelope: `["campaign_id"]`, `["data", "user_id"]`.
  let keyPath: [String]
  /// A type, or a prefix of types followed by `*`; the handler; whether it keeps an order; and whether it takes only
  /// events that no other handler takes.
  let takers: [Taker]
  let ignoresUnknown: Bool

  public struct Taker: Sendable {
    let pattern: String
    let handler: String
    let isOrdered: Bool
    let isFallback: Bool

    public init(pattern: String, handler: String, isOrdered: Bool, isFallback: Bool) {
      (self.pattern, self.handler, self.isOrdered, self.isFallback) = (pattern, handler, isOrdered, isFallback)
    }
  }

  public init(keyPath: [String], takers: [Taker], ignoresUnknown: Bool) {
    (self.keyPath, self.takers, self.ignoresUnknown) = (keyPath, takers, ignoresUnknown)
  }
}
