#if Delivery
  import CCurl
  import JobRuntime

  /// What is said between libcurl and a relay about one mail: how far it got, and the relay's last reply.
  ///
  /// libcurl's own response code is misleading: it is that of the last reply, and after a refusal that is the one to QUIT.
  final class SMTPTalk {
    private let content: [UInt8]
    private let stop: StopMark
    private let sockets: CurlSockets
    private var offset = 0
    /// Whether libcurl has asked for more after the end: from then on it may have said so to the relay.
    private var isHandedOver = false
    private var step = MailReply.Step.connect
    private var code: Int?
    private var text = ""
    /// Whether the last line was its reply's last one.
    private var isWhole = false
    private var isOver = false
    private var hasHeard = false
    /// Whether the connection is of an earlier mail: on a new one the relay speaks first.
    private(set) var isOnKeptConnection = false

    init(_ content: [UInt8], _ stop: StopMark, _ sockets: CurlSockets) {
      (self.content, self.stop, self.sockets) = (content, stop, sockets)
    }

    func listen(_ handle: UnsafeMutableRawPointer) {
      let context = Unmanaged.passUnretained(self).toOpaque()
      ccurl_set_source(
        handle, { bytes, size, count, context in SMTPTalk.at(context)?.fill(bytes, size * count) ?? 0 }, context)
      ccurl_set_listener(
        handle,
        { _, kind, bytes, count, context in
          guard kind == CURLINFO_HEADER_IN || kind == CURLINFO_HEADER_OUT else { return 0 }
          let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: min(count, 600)), as: UTF8.self)
          if kind == CURLINFO_HEADER_IN { SMTPTalk.at(context)?.hear(line) } else { SMTPTalk.at(context)?.say(line) }
          return 0
        }, context)
      ccurl_set_watcher(
        handle,
        { context, _, _, _, _ in
          guard let talk = SMTPTalk.at(context) else { return 0 }
          return talk.stop.ends(talk.isHandedOver) ? 1 : 0
        }, context)
      ccurl_set_receiver(handle, { _, size, count, _ in size * count }, nil)
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> SMTPTalk? {
      context.map { Unmanaged<SMTPTalk>.fromOpaque($0).takeUnretainedValue() }
    }

    private func fill(_ bytes: UnsafeMutablePointer<CChar>?, _ room: Int) -> Int {
      let part = content[offset..<min(offset + room, content.count)]
      // The last moment at which the relay can be kept from taking it.
      if part.isEmpty, stop.ends(false) { return Int(CURL_READFUNC_ABORT) }
      UnsafeMutableRawBufferPointer(start: bytes, count: room).copyBytes(from: part)
      offset += part.count
      if part.isEmpty { isHandedOver = true }
      return part.count
    }

    private func say(_ line: String) {
      let word = line.prefix { !$0.isWhitespace }.uppercased()
      let next: MailReply.Step? =
        switch word {
        case "EHLO", "HELO": .hello
        case "STARTTLS": .tls
        case "AUTH": .login
        case "MAIL": .sender
        case "RCPT": .recipient
        case "DATA": .data
        // What belongs to the dialogue of a login, and holds its secrets.
        default: nil
        }
      if word == "MAIL" { isOnKeptConnection = !hasHeard }
      if word == "QUIT" {
        isOver = true
        sockets.stopListening()
      }
      if let next { (step, code, text) = (next, nil, "") }
    }

    private func hear(_ line: String) {
      hasHeard = true
      guard !isOver, let said = Int(line.prefix(3)) else { return }
      (code, isWhole) = (said, line.dropFirst(3).first != "-")
      let words = line.dropFirst(4).split(whereSeparator: \.isWhitespace).joined(separator: " ")
      // Of a login nothing: some relays repeat the line that they do not like.
      if step > .login || (said >= 400 && step < .login) {
        text = String((text.isEmpty ? words : text + " " + words).prefix(500))
      }
      if said == 354 { (step, text) = (.content, "") }
    }

    /// - Parameter result: what libcurl says of it all.
    func reply(_ result: CURLcode) -> MailReply {
      let ending: MailReply.Ending
      switch result {
      case CURLE_OK: ending = .accepted
      case CURLE_ABORTED_BY_CALLBACK: ending = .stopped
      case _ where CurlHandle.isUntrusted(result): ending = .untrusted(CurlHandle.reason(result))
      case CURLE_USE_SSL_FAILED where step == .tls && (400..<500).contains(code ?? 0): ending = .refused
      case CURLE_USE_SSL_FAILED: ending = .untrusted("the relay offers no TLS")
      // libcurl takes 250 alone for a yes; each 2yz is one (RFC 5321, 4.2.1).
      case _ where isHandedOver && step == .content && isWhole && (200..<300).contains(code ?? 0): ending = .accepted
      default: ending = (code ?? 0) >= 400 ? .refused : .lost(CurlHandle.reason(result))
      }
      return MailReply(ending, step: step, code: code, text: text, isHandedOver: isHandedOver)
    }
  }
#endif
