import Redis

/// What is to stand under a shared key of Redis in place of what stands there now.
///
/// A plain value, like a `Statement`: `run.publish` carries it out.
public struct Replacement: Sendable, Equatable {
  public enum Content: Sendable, Equatable {
    /// A plain value. An empty one is a value, too.
    case string(String)
    /// Members and their scores, each a number as text. Empty, it leaves no key.
    case sortedSet([(member: String, score: String)])
    /// Fields and their values. Empty, it leaves no key.
    case hash([(field: String, value: String)])

    public static func == (left: Content, right: Content) -> Bool {
      left.command == right.command && left.arguments == right.arguments
    }

    /// The command that fills a key with it.
    var command: String {
      switch self {
      case .string: "SET"
      case .sortedSet: "ZADD"
      case .hash: "HSET"
      }
    }

    /// What follows the key in that command: two for each pair of a sorted set or hash.
    var arguments: [String] {
      switch self {
      case .string(let text): [text]
      case .sortedSet(let members): Self.alternating(members) { ($0.score, $0.member) }
      case .hash(let fields): Self.alternating(fields) { ($0.field, $0.value) }
      }
    }

    /// Without an array for each pair: a family has hundreds of thousands.
    private static func alternating<Pair>(_ pairs: [Pair], _ words: (Pair) -> (String, String)) -> [String] {
      var all: [String] = []
      all.reserveCapacity(2 * pairs.count)
      for pair in pairs {
        let (first, second) = words(pair)
        all.append(first)
        all.append(second)
      }
      return all
    }

    var isEmpty: Bool {
      switch self {
      case .string: false
      case .sortedSet(let members): members.isEmpty
      case .hash(let fields): fields.isEmpty
      }
    }
  }

  public var key: String
  public var content: Content

  public init(_ key: String, _ content: Content) {
    self.key = key
    self.content = content
  }

  /// A key beside this one, always in the same slot of a cluster.
  static func companion(of key: String, _ role: String, _ suffix: String) -> String {
    let bytes = Array(key.utf8)
    let tagged =
      if KeySlot.hashTag(of: bytes) != nil {
        key
      } else if !bytes.contains(UInt8(ascii: "}")) {
        "{\(key)}"
      } else {
        // Inside of braces it would end at its own one.
        "{\(KeySlot.hashTag(for: KeySlot.slot(of: key)))}\(key)"
      }
    return "oneshot:\(role):\(tagged)/\(suffix)"
  }

  /// How many arguments go into one command: enough to cost no round trips, few enough to hold up nobody.
  private static let argumentsAtOnce = 2000

  /// Until when a key that was built must have been renamed.
  private static let buildingLife = Duration.minutes(10)

  /// Builds the content under another key, which there is not yet and which ends by itself should nobody rename it.
  func build(under temporary: String) -> [RedisCommand] {
    let arguments = content.arguments
    var commands: [RedisCommand] = []
    for start in stride(from: 0, to: arguments.count, by: Self.argumentsAtOnce) {
      let chunk = arguments[start..<min(start + Self.argumentsAtOnce, arguments.count)]
      commands.append(RedisCommand(content.command, temporary, bytes: chunk.map { Array($0.utf8) }))
      if start == 0 { commands.append(RedisCommand("PEXPIRE", temporary, "\(Self.buildingLife.inMilliseconds)")) }
    }
    return commands
  }
}

extension RedisSession {
  /// Sends all commands at once.
  ///
  /// - Throws: the error of the first that was refused.
  mutating func carryOut(_ commands: [RedisCommand]) throws(RedisError) {
    for case .error(let code, let message) in try pipeline(commands) { throw .server(code: code, message: message) }
  }
}
