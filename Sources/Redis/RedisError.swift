/// Why something could not be done in Redis.
///
/// The one error type of this module.
public enum RedisError: Error, Sendable, Equatable {
  /// The server cannot be reached, or the connection to it was lost.
  case connection(String)
  /// The server answered with an error: its first word, and the rest.
  case server(code: String, message: String)
  /// The server did not answer in time; the connection has been given up.
  case timedOut(String)
  /// The server could not prove who it is, or does not speak TLS although it should.
  case untrusted(String)
  /// The server does not accept this client's certificate.
  case refused(String)
  /// What answers is not what `REDIS_URL` says it is: a Sentinel in place of a Redis, or the other way round.
  case misconfigured(String, hint: String)
  /// The task was cancelled.
  case cancelled
  /// The answer is not in Redis' protocol, or not of the kind that this command has.
  case unexpectedReply(String)
  /// An answer has more bytes than allowed; the connection has been given up.
  case tooLarge(String)

  /// What the server's answer means, where the answer is a known one.
  package var refusal: Refusal? {
    if case .server(let code, let message) = self { Refusal(code: code, message: message) } else { nil }
  }

  /// Whether the same work may succeed when it is done again, on a new connection if need be.
  public var isTransient: Bool {
    switch self {
    case .connection, .timedOut: true
    case .server: refusal?.meaning == .transient
    case .untrusted, .refused, .misconfigured, .cancelled, .unexpectedReply, .tooLarge: false
    }
  }

  /// Whether the connection was lost or could not be made, as opposed to a server that does not answer.
  package static func isLostConnection(_ error: any Error) -> Bool {
    if case .connection? = error as? RedisError { true } else { false }
  }

  /// Whether the server refused the user or a right.
  public var isDenied: Bool {
    if case .refused = self { true } else { refusal?.meaning == .denied }
  }

  /// Whether the connection is good for the next command.
  var leavesConnectionUsable: Bool {
    if case .server = self { refusal.map { $0.connection == .stays } ?? true } else { false }
  }

  init(serverText text: String) {
    let (code, message) = Self.split(text)
    self = .server(code: code, message: message)
  }

  static func split(_ text: String) -> (code: String, message: String) {
    // The server repeats an unknown command with its arguments, which may be a password or somebody's data.
    let said = text.firstRange(of: ", with args beginning with").map { text[..<$0.lowerBound] } ?? text[...]
    let words = said.split(separator: " ", maxSplits: 1)
    return (String(words.first ?? "ERR"), words.count > 1 ? String(words[1]) : "")
  }
}

extension RedisError: CustomStringConvertible {
  /// What went wrong, for a message; arguments of commands are not in it.
  public var description: String {
    switch self {
    case .timedOut(let what): "Redis did not answer in time: \(what)"
    case .cancelled: "cancelled"
    default: "Redis: \(text)"
    }
  }

  /// What went wrong, as a part of a longer sentence.
  var text: String {
    switch self {
    case .connection(let message), .untrusted(let message), .refused(let message), .misconfigured(let message, _),
      .unexpectedReply(let message), .tooLarge(let message):
      message
    case .server(let code, let message): "\(code) \(message)"
    case .timedOut(let what): "no answer in time: \(what)"
    case .cancelled: "cancelled"
    }
  }
}
