/// Reads libpq's message about a connection that was not made: the server's refusal, by its SQLSTATE; TLS that failed;
/// an option with no such value; or a server that is out of reach.
enum Refusal {
  static func read(_ message: String) -> PostgresError {
    // "connection to server … failed: FATAL:  28P01: password authentication failed …\nLOCATION: …"
    let text = message.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }.joined(separator: " ")
    for (index, word) in text.split(separator: " ").enumerated() where index > 0 {
      let state = word.dropLast()
      guard word.last == ":", state.utf8.count == 5, state.contains(where: \.isNumber),
        state.allSatisfy({ $0.isASCII && ($0.isNumber || $0.isUppercase) })
      else { continue }
      let said = text.split(separator: "\(word) ", maxSplits: 1).last.map(String.init) ?? text
      return .server(
        .init(
          state: SQLState(rawValue: String(state)), message: said, detail: nil, hint: nil, statement: nil, position: nil
        ))
    }
    if certificateAlerts.contains(where: text.contains) {
      return .refused(text, hint: "Check sslcert and sslkey in DATABASE_URL.")
    }
    if text.contains(noPassword) {
      return .refused(text, hint: "The server requires a password. Give it in DATABASE_URL, PGPASSWORD or a passfile.")
    }
    if untrusted.contains(where: text.contains) {
      return .misconfigured(
        text,
        hint:
          "Nothing was sent. sslrootcert in DATABASE_URL names the authority of the server's certificate, which has to contain the host's name; sslmode says what is checked."
      )
    }
    if impossible.contains(where: text.contains) {
      return .misconfigured(text, hint: "Correct the parameters of DATABASE_URL.")
    }
    return .connection(text)
  }

  /// A server's refusal to begin a session, where its SQLSTATE says more than it would of a statement.
  static func explained(_ error: PostgresError) -> PostgresError {
    guard case .server(let refusal) = error else { return error }
    let message = "\(refusal.message) (SQLSTATE \(refusal.state.rawValue))"
    return switch refusal.state.rawValue {
    // A value that a setting does not take, an unknown setting, a setting that no session may change.
    case "22023", "42704", "55P02":
      .misconfigured(
        message,
        hint:
          "Correct the settings of the session: `options` in DATABASE_URL; PGOPTIONS, PGTZ and PGDATESTYLE in the environment."
      )
    // RDS Proxy takes no `options`.
    case "0A000": .misconfigured(message, hint: PostgresError.poolerHint)
    default: error
    }
  }

  // Words of libpq (fe-connect.c, fe-secure.c, fe-secure-openssl.c, versions 13 to 18) and of OpenSSL.

  private static let noPassword = "no password supplied"
  /// The server does not accept this client's certificate.
  private static let certificateAlerts = [
    "alert bad certificate", "alert certificate", "alert unknown ca", "alert access denied",
    "alert unsupported certificate",
  ]
  /// The server cannot prove its identity, or cannot speak TLS.
  private static let untrusted = [
    "certificate verify failed", "does not match host name", "root certificate", "server does not support SSL",
    "wrong version number", "host name must be specified for a verified SSL connection",
  ]
  /// The connection cannot be made as requested.
  private static let impossible = [
    "invalid sslmode value", "invalid channel_binding value", "invalid gssencmode value",
    "invalid target_session_attrs value", "invalid port number", "invalid integer value", "invalid ssl_",
    "sslmode value",
    "certificate file", "private key file", "could not match", "invalid load_balance_hosts value",
    "invalid sslnegotiation value", "invalid require_auth value", "service file", "definition of service",
    "channel binding", "authentication method",
  ]
}
