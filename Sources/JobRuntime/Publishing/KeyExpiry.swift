import Redis

/// When a shared key expires, as its server had it: what `FamilyEntry.Condition.unchanged(since:)` compares.
///
/// A key that is written, removed or given another life has another expiry afterwards, so the expiry shows that whatever
/// the content is. Only a write that leaves the same expiry (`KEEPTTL`) does not show.
public struct KeyExpiry: Sendable, Equatable {
  /// How long a key lives on.
  public enum Life: Sendable, Equatable {
    /// There is no key.
    case missing
    /// The key never expires.
    case endless
    /// What the key has left, in whole milliseconds.
    case left(Duration)
  }

  /// What the server reported when the key was read.
  public let life: Life
  /// Between which moments of the server's clock the key expires, in milliseconds since 1970: it was read between two
  /// looks at that clock.
  private let bounds: ClosedRange<Int64>

  /// Milliseconds by which both looks are apart from the key's own, in rounding and within a script.
  private static let tolerance: Int64 = 5

  /// - Parameters:
  ///   - left: the answer to `PTTL`.
  ///   - clock: what the server's clock showed before and after it, in milliseconds.
  init(left: Int64, clock: ClosedRange<Int64>) {
    life =
      switch left {
      case -2: .missing
      case -1: .endless
      default: .left(.milliseconds(left))
      }
    bounds = (clock.lowerBound + left - Self.tolerance)...(clock.upperBound + left + Self.tolerance)
  }

  static let missingTerms = "missing"
  static let neverTerms = "never"

  /// As scripts take it.
  var terms: String {
    switch life {
    case .missing: Self.missingTerms
    case .endless: Self.neverTerms
    case .left: "\(bounds.lowerBound) \(bounds.upperBound)"
    }
  }
}

extension JobRun {
  /// Reads when shared keys expire, in one round trip; in Redis Cluster in one for each primary.
  ///
  /// - Returns: an expiry for each key, in their order.
  public func expiries(of keys: [String]) async throws -> [KeyExpiry] {
    guard !keys.isEmpty else { return [] }
    if !clusterConnections.isUsed {
      let found: [KeyExpiry]? = try await redis { session in
        // Not thrown: one server of a cluster would lead to the next.
        do { return try Self.expiries(of: keys, &session) } catch RedisError.server(code: "MOVED", _) { return nil }
      }
      if let found { return found }
    }
    let places = Array(keys.enumerated())
    let found = try await onHolders(of: places, key: \.element, "reading expiries in the cluster") { places, session in
      Array(zip(places.map(\.offset), try Self.expiries(of: places.map(\.element), &session)))
    }
    return found.sorted { $0.0 < $1.0 }.map(\.1)
  }

  private static func expiries(of keys: [String], _ session: inout RedisSession) throws -> [KeyExpiry] {
    let time = RedisCommand("TIME")
    let answers = try session.pipeline([time] + keys.map { RedisCommand("PTTL", $0) } + [time])
    for case .error(let code, let message) in answers { throw RedisError.server(code: code, message: message) }
    guard let first = milliseconds(answers.first), let last = milliseconds(answers.last) else {
      throw RedisError.unexpectedReply("the answer to TIME is no time")
    }
    // Its clock may have been set back meanwhile.
    let clock = min(first, last)...max(first, last)
    return answers.dropFirst().dropLast().map { KeyExpiry(left: $0.integer ?? -2, clock: clock) }
  }

  private static func milliseconds(_ answer: RedisValue?) -> Int64? {
    let parts = answer?.elements.compactMap(\.text).compactMap { Int64($0) } ?? []
    return parts.count == 2 ? parts[0] * 1000 + parts[1] / 1000 : nil
  }
}
