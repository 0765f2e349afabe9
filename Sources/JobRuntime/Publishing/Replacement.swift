import Redis

/// The new content of a shared key of Redis.
///
/// A plain value, like a `Statement`: `run.publish` carries it out.
public struct Replacement: Sendable, Equatable {
  /// A value of Redis, by its type.
  public enum Content: Sendable, Equatable {
    /// A plain string. An empty one is a value, too.
    case string(String)
    /// Items in their order, the first at the head. Empty, it leaves no key.
    case list([String])
    /// Members and their scores, each a number as text. Empty, it leaves no key.
    case sortedSet([(member: String, score: String)])
    /// Fields and their values. Empty, it leaves no key.
    case hash([(field: String, value: String)])

    /// Compares types and, in their order, the parts.
    public static func == (left: Content, right: Content) -> Bool {
      left.command == right.command && left.arguments == right.arguments
    }

    /// The command that writes the content to a key.
    var command: String {
      switch self {
      case .string: "SET"
      case .list: "RPUSH"
      case .sortedSet: "ZADD"
      case .hash: "HSET"
      }
    }

    /// The arguments after the key in that command: two for each pair of a sorted set or hash.
    var arguments: [String] {
      switch self {
      case .string(let text): [text]
      case .list(let items): items
      case .sortedSet(let members): Self.alternating(members) { ($0.score, $0.member) }
      case .hash(let fields): Self.alternating(fields) { ($0.field, $0.value) }
      }
    }

    /// Makes no array for each pair: a family has hundreds of thousands.
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
      case .list(let items): items.isEmpty
      case .sortedSet(let members): members.isEmpty
      case .hash(let fields): fields.isEmpty
      }
    }
  }

  /// The key that is replaced.
  public var key: String
  /// What the key holds afterwards.
  public var content: Content

  /// - Parameter content: an empty collection deletes the key.
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
        // Inside of braces the hash tag would end at the key's own «}».
        "{\(KeySlot.hashTag(for: KeySlot.slot(of: key)))}\(key)"
      }
    return "oneshot:\(role):\(tagged)/\(suffix)"
  }

  /// How many arguments go into one command: enough to save round trips, few enough to hold up no other client.
  private static let argumentsAtOnce = 2000

  /// How long a key that was built has until it must have been renamed.
  private static let buildingLife = Duration.minutes(10)

  /// Builds the content under another key, which does not exist yet and which expires by itself if nobody renames it.
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
