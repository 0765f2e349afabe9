/// Sends mail to a relay over a connection that is kept open.
package protocol MailClient: Sendable {
  init()

  /// Sends one mail to one recipient. Blocks.
  ///
  /// - Parameters:
  ///   - isLast: whether the connection ends with it.
  ///   - limit: how long it may take, connecting included.
  ///   - stop: whether the run is being stopped; see `StopMark`.
  func send(_ mail: Mail, by relay: MailRelay, isLast: Bool, within limit: Duration, unless stop: StopMark) -> MailReply

  /// Connects to a relay and logs in, and sends nothing. Blocks.
  func reach(_ relay: MailRelay, within limit: Duration, unless stop: StopMark) -> MailReply
}

/// One mail on its way to a relay.
public struct Mail: Sendable {
  /// The sender's address, without brackets.
  ///
  /// It and the recipient's are sent as they are: the caller has checked them.
  public var sender: String
  /// The recipient's address, without brackets.
  public var recipient: String
  /// Headers and body, with CRLF at the end of each line.
  public var content: [UInt8]

  /// - Parameter content: headers and body, with CRLF at the end of each line.
  public init(from sender: String, to recipient: String, _ content: [UInt8]) {
    (self.sender, self.recipient, self.content) = (sender, recipient, content)
  }
}

/// A mail server that takes mail for all others.
public struct MailRelay: Sendable, Equatable {
  /// How the connection to the relay is encrypted.
  public enum Security: Sendable, Equatable {
    /// STARTTLS, which is required.
    case startTLS
    /// TLS from the first byte (`smtps://`).
    case tls
    /// No TLS.
    case none
  }

  /// A name or an address; the relay's certificate has to name it.
  public var host: String
  /// The TCP port: usually 587 for STARTTLS and 465 for TLS.
  public var port: Int
  /// The name to log in with; `nil` for a relay that requires none.
  public var user: String?
  /// The password to log in with, a secret.
  public var password: String?
  /// How the connection is encrypted; the client never falls back to less.
  public var security: Security
  /// How this side introduces itself (EHLO).
  public var helloName: String
  /// Authorities in PEM form, instead of the system's.
  public var authorities: String?

  /// - Parameters:
  ///   - user: `nil` for a relay without a login.
  ///   - helloName: how this side introduces itself (EHLO).
  ///   - authorities: in PEM form, instead of the system's.
  public init(
    host: String, port: Int, user: String?, password: String?, security: Security, helloName: String,
    authorities: String? = nil
  ) {
    (self.host, self.port, self.user, self.password) = (host, port, user, password)
    (self.security, self.helloName, self.authorities) = (security, helloName, authorities)
  }
}

/// The outcome of sending a mail.
public struct MailReply: Sendable, Equatable {
  /// The last command that was sent to the relay.
  public enum Step: String, Sendable, Comparable, CaseIterable {
    case connect, hello, tls, login, sender, recipient, data, content

    /// Orders steps as they occur in a session.
    public static func < (left: Step, right: Step) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }
  }

  /// How an attempt to send ended.
  public enum Ending: Sendable, Equatable {
    /// The relay has it.
    case accepted
    /// The relay said no, by the code.
    case refused
    /// There was no reply, for this reason.
    case lost(String)
    /// The relay cannot prove its identity, or offers no TLS.
    case untrusted(String)
    /// The run was stopped.
    case stopped
  }

  /// How the attempt ended.
  public var ending: Ending
  /// The last command that was sent before it ended.
  public var step: Step
  /// The relay's last reply.
  public var code: Int?
  /// The text of the relay's last reply; empty where there was none.
  public var text: String
  /// Whether the end of the mail was handed over, so that the relay may have taken it.
  public var isHandedOver: Bool

  /// - Parameters:
  ///   - code: the relay's last reply code; `nil` where there was none.
  ///   - text: the text after the code.
  ///   - isHandedOver: whether the end of the mail was handed over.
  public init(_ ending: Ending, step: Step, code: Int? = nil, text: String = "", isHandedOver: Bool = false) {
    (self.ending, self.step, self.code, self.text) = (ending, step, code, text)
    self.isHandedOver = isHandedOver
  }

  /// Why a mail was not taken, or a relay not reached; `nil` where it was.
  ///
  /// A refusal names its code; a temporary one (4xx) may pass.
  package var refusal: DeliveryFailure? {
    switch ending {
    case .accepted: nil
    case .refused:
      DeliveryFailure(
        "the relay answered \(code.map { "\($0)" } ?? "no")\(text.isEmpty ? "" : ": \(text)")",
        isRefusal: (code ?? 0) >= 500)
    case .lost(let why): DeliveryFailure(why)
    case .untrusted(let why): DeliveryFailure(why, isRefusal: true)
    case .stopped: DeliveryFailure("the run was stopped meanwhile")
    }
  }

  /// Whether it is unknown if the relay has taken the mail (RFC 1047).
  public var isInDoubt: Bool {
    switch ending {
    case .lost, .stopped: isHandedOver
    case .accepted, .refused, .untrusted: false
    }
  }
}
