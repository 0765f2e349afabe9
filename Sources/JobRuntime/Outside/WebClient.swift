/// Posts to web servers over connections that are kept open: the second request needs no new handshake.
package protocol WebClient: Sendable {
  init()

  /// Sends a body by POST, and never follows a redirect. Blocks.
  ///
  /// - Parameters:
  ///   - limit: how long it may take, connecting included.
  ///   - stop: whether the run is being stopped.
  func send(_ request: WebRequest, within limit: Duration, unless stop: StopMark) -> WebReply

  /// Fetches or stores a file, and never follows a redirect. Blocks. Ends at once when the run is being stopped: a server
  /// keeps nothing of a file that has not arrived whole.
  func transfer(_ transfer: WebTransfer, within limit: Duration, unless stop: StopMark) -> WebReply
}

/// A body to post.
public struct WebRequest: Sendable {
  /// The address, http or https; it may hold secrets.
  public var url: String
  /// Sent as they are; a name or a value with a line break is the caller's mistake.
  public var headers: [(name: String, value: String)]
  /// The body to post, as UTF-8.
  public var body: String
  /// The setting that would allow private addresses, where only public ones are allowed.
  ///
  /// Checked where the socket is opened, so against the address that the name has at that moment.
  public var settingForPrivate: String?
  /// Authorities in PEM form, instead of the system's.
  public var authorities: String?
  /// Whether to ignore a proxy that the environment names.
  public var avoidsProxy = false
  /// Whether the connection alone is made, certificate included, and nothing is sent.
  public var onlyConnects = false

  /// - Parameter headers: sent as they are, `Content-Type` included.
  public init(url: String, headers: [(name: String, value: String)], body: String) {
    (self.url, self.headers, self.body) = (url, headers, body)
  }
}

/// The outcome of a request.
public struct WebReply: Sendable {
  /// The status; `nil` without an answer, or where only a connection was made.
  public var status: Int?
  /// The first 1,001 bytes of the answer's body.
  public var body: [UInt8] = []
  /// What the header `Retry-After` says.
  public var retryAfter: String?
  /// Why there is no answer, without the URL.
  public var failure: String?
  /// Whether another try would fail as well: the certificate is not trusted, or the address is not allowed.
  public var isFinal = false
  /// Whether a file was not fetched because it is larger than it may be.
  public var isTooLarge = false
  /// The system's number of the error, where a file could not be written or read here.
  public var fileError: Int32?
  /// What has to be corrected here, and is not the receiver's to blame.
  public var fault: Fault?

  /// A mistake on this side, which another attempt does not fix.
  public enum Fault: Sendable {
    /// The URL is none.
    case url
    /// The file of authorities cannot be read.
    case authorities
  }

  package init(status: Int? = nil, failure: String? = nil, isFinal: Bool = false) {
    (self.status, self.failure, self.isFinal) = (status, failure, isFinal)
  }
}

extension WebClient {
  /// Sends a body, and throws unless it is taken.
  ///
  /// - Throws: why it was not taken, without the URL.
  package func post(
    _ body: String, as type: String, to url: String, within limit: Duration
  ) throws(DeliveryFailure) {
    let request = WebRequest(url: url, headers: [("Content-Type", type)], body: body)
    if let failure = send(request, within: limit, unless: StopMark()).refusal { throw failure }
  }
}

extension WebReply {
  /// Why the request was not taken; `nil` where it was.
  package var refusal: DeliveryFailure? {
    guard let status else { return DeliveryFailure(failure ?? "there was no answer", isRefusal: isFinal) }
    guard !(200..<300).contains(status) else { return nil }
    // The whole body or nothing: the log, which redacts secrets, does not recognize a secret that is cut off.
    let shown = body.count > 1000 ? [] : body
    let words = String(decoding: shown, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return DeliveryFailure(
      "the server answered \(status)\(words.isEmpty ? "" : ": \(words)")",
      // 408 and 429 are temporary (RFC 9110, 15.5.9; RFC 6585, 4).
      isRefusal: (400..<500).contains(status) && status != 408 && status != 429)
  }
}

/// The clients of this binary: the module `Delivery` has them, and is linked with the trait `Delivery` only.
///
/// That module imports this one, so it cannot be named here. Instead it makes this type conform to
/// `WebDeliveryProvider`, and the conformance is looked up at run time (docs/decisions/0023).
public enum WebDelivery {
  /// The rest of a sentence for a binary without the trait: what it needs.
  public static let isMissing = "needs a binary built with the trait Delivery (swift build --traits Delivery)"

  /// Whether this binary was built with the trait `Delivery`.
  public static var isBuiltIn: Bool { provider != nil }

  /// A new client, which has its own connection; `nil` in a binary without the module.
  package static func client() -> (any WebClient)? { provider?.clientType.init() }

  /// The same for mail.
  package static func mailClient() -> (any MailClient)? { provider?.mailType.init() }

  private static var provider: (any WebDeliveryProvider.Type)? { WebDelivery.self as? any WebDeliveryProvider.Type }
}

/// The protocol to which the module with the clients makes `WebDelivery` conform.
package protocol WebDeliveryProvider {
  static var clientType: any WebClient.Type { get }
  static var mailType: any MailClient.Type { get }
}
