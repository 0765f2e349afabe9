import JobRuntime
import Messages
import Operations

/// Who is notified of incidents, and in which form.
struct Receiver: Sendable {
  /// The name under which `oneshot.incidents` records it.
  let name: String
  /// The setting that requests it, and the address that it leads to, without secrets.
  let setting: String
  let target: String
  /// Whether it may get the end of an incident whose beginning it did not get: then a crash between sending and noting
  /// leaves nothing open.
  var canGetEndAlone = false
  /// How long one try may take.
  var limit = Duration.seconds(5)
  /// Puts notices into messages.
  let messages: @Sendable ([Notice]) -> [Message]
  /// Puts a message into what is sent, for an attempt at that moment.
  let outgoing: @Sendable (Message, Timestamp) -> Outgoing

  struct Message: Sendable, Equatable {
    /// The same whenever these notices are sent.
    var id = ""
    var subject = ""
    var body: String
    var notices: [Notice]
  }

  enum Outgoing: Sendable {
    case web(WebRequest)
    case mail(Mail, MailRelay)
  }

  static let longestName = 100
  static let longestPart = 200

  /// All receivers that the settings request.
  static func all(source: String, _ env: inout Environment) -> [Receiver] {
    [slack, pagerDuty, webhook, mail].compactMap { $0(source, &env) }
  }

  /// Divides notices into messages of at most this many.
  static func groups(_ notices: [Notice], of size: Int) -> [[Notice]] {
    stride(from: 0, to: notices.count, by: size).map { Array(notices[$0..<min($0 + size, notices.count)]) }
  }

  /// JSON by POST.
  static func post(to address: WebAddress) -> @Sendable (Message, Timestamp) -> Outgoing {
    { message, _ in
      .web(WebRequest(url: address.url(), headers: [("Content-Type", "application/json")], body: message.body))
    }
  }

  /// On one line, without what could turn or hide it, and no longer than it is read.
  static func oneLine(_ text: String, atMost longest: Int = 680) -> String {
    let scalars = text.unicodeScalars.prefix(longest + 1).map { scalar -> Unicode.Scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: " "
      case .format, .surrogate, .privateUse, .unassigned: "\u{FFFD}"
      default: scalar
      }
    }
    return String(String.UnicodeScalarView(scalars.prefix(longest))) + (scalars.count > longest ? "…" : "")
  }
}
