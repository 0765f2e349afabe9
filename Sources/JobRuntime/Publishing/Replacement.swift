import Redis

/// What is to stand under a shared key of Redis in place of what stands there now.
///
/// A plain value, like a `Statement`: `run.publish` carries it out.
public struct Replacement: Sendable, Equatable {
  public enum Content: Sendable, Equatable {
    /// Members and their scores, each a number as text. Empty, it leaves no key.
    case sortedSet([(member: String, score: String)])
    /// Fields and their values. Empty, it leaves no key.
    case hash([(field: String, value: String)])

    /// Both kinds as the command that fills them and its pairs.
    fileprivate var filling: (command: String, pairs: [(String, String)]) {
      switch self {
      case .sortedSet(let members): ("ZADD", members.map { ($0.score, $0.member) })
      case .hash(let fields): ("HSET", fields.map { ($0.field, $0.value) })
      }
    }

    public static func == (left: Content, right: Content) -> Bool {
      left.filling.command == right.filling.command
        && left.filling.pairs.elementsEqual(right.filling.pairs, by: ==)
    }
  }

  public var key: String
  public var content: Content

  public init(_ key: String, _ content: Content) {
    self.key = key
    self.content = content
  }

  var isEmpty: Bool { content.filling.pairs.isEmpty }

  /// A key beside this one, always in the same slot of a cluster: the whole key is its hash tag, unless it
  /// has one of its own.
  static func companion(of key: String, _ role: String, _ suffix: String) -> String {
    let tagged = key.drop { $0 != "{" }.dropFirst().prefix { $0 != "}" }
    let hasTag = !tagged.isEmpty && tagged.endIndex < key.endIndex
    return "oneshot:\(role):" + (hasTag ? key : "{\(key)}") + "/\(suffix)"
  }

  /// How many pairs go into one command: enough to cost no round trips, few enough to hold up nobody.
  private static let pairsAtOnce = 1000

  /// Builds the content under another key, which ends by itself should nobody rename it.
  func build(under temporary: String, for life: Duration) -> [RedisCommand] {
    let (command, pairs) = content.filling
    var commands = [RedisCommand("UNLINK", temporary)]
    for start in stride(from: 0, to: pairs.count, by: Self.pairsAtOnce) {
      let chunk = pairs[start..<min(start + Self.pairsAtOnce, pairs.count)]
      commands.append(RedisCommand(command, temporary, bytes: chunk.flatMap { [Array($0.0.utf8), Array($0.1.utf8)] }))
      if start == 0 { commands.append(RedisCommand("PEXPIRE", temporary, "\(life.inMilliseconds)")) }
    }
    return commands
  }
}
