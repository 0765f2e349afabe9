/// Why something could not be done in Redis. The one error type of this module.
public enum RedisError: Error, Sendable, Equatable {
  /// The server cannot be reached, or the connection to it was lost.
  case connection(String)
  /// The server answered with an error: its first word, and the rest.
  case server(code: String, message: String)
  /// The server did not answer in time; the connection has been given up.
  case timedOut(String)
  /// The server could not prove who it is, or does not speak TLS although it should.
  case untrusted(String)
  /// The server does not accept our certificate.
  case refused(String)
  /// The task was cancelled.
  case cancelled
  /// What came is not the protocol, or not the kind of reply this command has.
  case unexpectedReply(String)

  /// Errors that pass by themselves (Redis' own documentation of each word).
  private static let transientCodes: Set<String> = [
    "LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY",
    "MOVED", "ASK",  // the cluster moves keys between its nodes: asking anew finds the right one
  ]
  private static let deniedCodes: Set<String> = ["NOAUTH", "WRONGPASS", "NOPERM"]

  /// Whether the same work may succeed when it is done again, on a new connection if need be.
  public var isTransient: Bool {
    switch self {
    case .connection, .timedOut: true
    case .server(let code, _): Self.transientCodes.contains(code)
    case .untrusted, .refused, .cancelled, .unexpectedReply: false
    }
  }

  /// Whether the connection was lost or could not be made, as opposed to a server that does not answer.
  package static func isLostConnection(_ error: any Error) -> Bool {
    if case .connection? = error as? RedisError { true } else { false }
  }

  /// Whether the server refused who we are or what we may do.
  public var isDenied: Bool {
    if case .refused = self { return true }
    if case .server(let code, let message) = self {
      // Before Redis 6 a wrong password answers "ERR invalid password".
      return Self.deniedCodes.contains(code) || message.contains("invalid password")
        // What a script is told that uses a command which its user may not.
        || message.contains("ACL failure in script") || message.contains("can't run this command")
    }
    return false
  }

  /// Whether the connection is good for the next command.
  var leavesConnectionUsable: Bool {
    // A replica that was the primary: only a new connection finds the new one.
    if case .server(let code, _) = self { code != "READONLY" } else { false }
  }

  init(serverText text: String) {
    let (code, message) = Self.split(text)
    self = .server(code: code, message: message)
  }

  static func split(_ text: String) -> (code: String, message: String) {
    let words = text.split(separator: " ", maxSplits: 1)
    return (String(words.first ?? "ERR"), words.count > 1 ? String(words[1]) : "")
  }
}

extension RedisError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .connection(let message), .untrusted(let message), .refused(let message): "Redis: \(message)"
    case .server(let code, let message): "Redis: \(code) \(message)"
    case .timedOut(let what): "Redis did not answer in time: \(what)"
    case .cancelled: "cancelled"
    case .unexpectedReply(let message): "Redis: \(message)"
    }
  }
}
