/// The new content of one key of a family of shared keys: keys with a common prefix, such as `feed:`, which one job
/// keeps for many users.
///
/// A plain value, like a `Statement`: `run.publish(_:fencedBy:)` carries it out.
public struct FamilyEntry: Sendable, Equatable {
  /// When the key is written.
  public enum Condition: Sendable, Equatable {
    case always
    /// Only if the key has less than this left to live, or does not exist: otherwise somebody has renewed it meanwhile
    /// with newer data. A key that never expires is left as it is.
    case expiring(within: Duration)
    /// Only if nobody has written or removed the key, or changed its expiry, since that was read: otherwise somebody has
    /// newer data. For contents that were computed after `run.expiries(of:)`.
    case unchanged(since: KeyExpiry)
    /// Only if the key holds another string: one that is the same already gets the new life and nothing else, which
    /// spares replicas and the append-only file the content. Other kinds of content are always written.
    case differing
  }

  /// The key and its new content.
  public var replacement: Replacement
  /// How long the key lives, in whole milliseconds, at least one; `nil` is for ever.
  public var timeToLive: Duration?
  /// When the key is written; otherwise it is left as it is.
  public var condition: Condition

  /// - Parameter timeToLive: in whole milliseconds, at least one; `nil` is for ever.
  public init(
    _ key: String, _ content: Replacement.Content, timeToLive: Duration? = nil, condition: Condition = .always
  ) {
    replacement = Replacement(key, content)
    self.timeToLive = timeToLive
    self.condition = condition
  }

  /// The key to write.
  public var key: String { replacement.key }

  /// The key's life in milliseconds as scripts take it; 0 is for ever.
  var life: String { timeToLive.map { "\(max(1, $0.inMilliseconds))" } ?? "0" }

  static let differingTerms = "differing"

  /// The condition as scripts take it; empty for a key that is always written.
  var terms: String {
    switch condition {
    case .always: ""
    case .expiring(let limit): "\(limit.inMilliseconds)"
    case .unchanged(let expiry): expiry.terms
    case .differing: Self.differingTerms
    }
  }

  /// How many bytes a script writes for one key at most.
  ///
  /// More would hold up all other clients of the server.
  private static let mostBytes = 4096
  private static let mostPairs = 64

  /// Whether a script can write the key: the content is short, and nothing in it can be refused once the old content is
  /// gone.
  var isSmall: Bool {
    switch replacement.content {
    case .string(let text): return text.utf8.count <= Self.mostBytes
    case .list(let items):
      return items.count <= Self.mostPairs && items.reduce(0) { $0 + $1.utf8.count } <= Self.mostBytes
    case .hash(let fields):
      return fields.count <= Self.mostPairs
        && fields.reduce(0) { $0 + $1.field.utf8.count + $1.value.utf8.count } <= Self.mostBytes
    case .sortedSet(let members):
      return members.count <= Self.mostPairs
        && members.reduce(0) { $0 + $1.member.utf8.count + $1.score.utf8.count } <= Self.mostBytes
        && members.allSatisfy { Self.isSurelyScore($0.score) }
    }
  }

  /// Whether Redis certainly takes a text as a score: a decimal number of ordinary size.
  private static func isSurelyScore(_ text: String) -> Bool {
    var (digits, points, index) = (0, 0, 0)
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39: digits += 1
      case UInt8(ascii: "."): points += 1
      case UInt8(ascii: "-") where index == 0: break
      default: return false
      }
      index += 1
    }
    return digits > 0 && points <= 1 && index <= 40
  }
}

/// What `run.publish(_:fencedBy:)` did.
public struct FamilyOutcome: Sendable, Equatable {
  /// How many keys were written, those removed included.
  public var written = 0
  /// The keys that were left as they are, because of their condition.
  ///
  /// After a repeated attempt the first one may have written them.
  public var kept: [String] = []
}
