#if Delivery
  import CCurl
  package import JobRuntime
  import Synchronization

  /// The web client over libcurl.
  package final class CurlWebClient: WebClient {
    private let handle = Mutex<CurlHandle?>(nil)

    package init() {}

    package func send(_ request: WebRequest, within limit: Duration, unless stop: StopMark) -> WebReply {
      handle.withLock { handle in
        // Made here: only on its own thread, and only when something is sent.
        if handle == nil { handle = CurlHandle() }
        return handle?.send(request, within: limit, unless: stop) ?? WebReply(failure: "libcurl cannot be used")
      }
    }
  }

  /// What libcurl's functions put down during one request.
  private final class Exchange {
    var reply = WebReply()
    let stop: StopMark
    private var status: Int?
    private var taken = 0

    /// A longer body is not worth a connection that can be kept.
    private static let mostTaken = 65_536

    init(_ stop: StopMark) { self.stop = stop }

    /// One byte more than is shown means that there is more.
    ///
    /// - Returns: whether the rest is wanted.
    func take(_ part: UnsafeRawBufferPointer) -> Bool {
      taken += part.count
      reply.body += part.prefix(1001 - min(1001, reply.body.count))
      return taken <= Self.mostTaken
    }

    /// The answer is known once its headers are whole, even if its body is cut.
    func takeHeader(_ line: String) {
      if line.hasPrefix("HTTP/") {
        status = line.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3)) }
      } else if line.allSatisfy(\.isWhitespace), let status, status >= 200 {
        reply.status = status
      }
      guard line.lowercased().hasPrefix("retry-after:") else { return }
      reply.retryAfter = line.dropFirst("retry-after:".count).split(whereSeparator: \.isWhitespace).joined(
        separator: " ")
    }

    static func at(_ context: UnsafeMutableRawPointer?) -> Exchange? {
      context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
    }
  }

  extension CurlHandle {
    fileprivate func send(_ request: WebRequest, within limit: Duration, unless stop: StopMark) -> WebReply {
      reset(within: limit, trusting: request.authorities)
      sockets.isForPublic = request.settingForPrivate != nil
      var headers: UnsafeMutablePointer<curl_slist>?
      for header in request.headers { headers = curl_slist_append(headers, "\(header.name): \(header.value)") }
      defer { curl_slist_free_all(headers) }
      ccurl_set_text(pointer, CURLOPT_URL, request.url)
      ccurl_allow_only_http(pointer)
      if request.avoidsProxy { ccurl_set_text(pointer, CURLOPT_PROXY, "") }
      ccurl_set_number(pointer, CURLOPT_POST, 1)
      ccurl_set_number(pointer, CURLOPT_POSTFIELDSIZE, request.body.utf8.count)
      ccurl_set_text(pointer, CURLOPT_COPYPOSTFIELDS, request.body)
      ccurl_set_list(pointer, CURLOPT_HTTPHEADER, headers)
      if request.onlyConnects { ccurl_set_number(pointer, CURLOPT_CONNECT_ONLY, 1) }
      ccurl_set_text(pointer, CURLOPT_USERAGENT, "oneshot/\(oneshotVersion)")

      let exchange = Exchange(stop)
      let context = Unmanaged.passUnretained(exchange).toOpaque()
      ccurl_set_receiver(
        pointer,
        { bytes, size, count, context in
          let isWanted = Exchange.at(context)?.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? false
          return isWanted ? size * count : 0
        }, context)
      ccurl_set_listener(
        pointer,
        { _, kind, bytes, count, context in
          guard kind == CURLINFO_HEADER_IN else { return 0 }
          let line = UnsafeRawBufferPointer(start: bytes, count: count)
          Exchange.at(context)?.takeHeader(String(decoding: line, as: UTF8.self))
          return 0
        }, context)
      ccurl_set_watcher(
        pointer, { context, _, _, _, _ in Exchange.at(context)?.stop.ends(true) == true ? 1 : 0 }, context)
      let code = withExtendedLifetime(exchange) { perform() }
      if exchange.reply.status != nil { return exchange.reply }
      if sockets.refused, let setting = request.settingForPrivate {
        return WebReply(
          failure: "its address is private, and \(setting) does not allow that: nothing was sent", isFinal: true)
      }
      if code == CURLE_OK, request.onlyConnects {
        sockets.shutDown()
        return WebReply()
      }
      let isFinal = Self.isUntrusted(code) || code == CURLE_URL_MALFORMAT
      var reply = WebReply(failure: Self.reason(code), isFinal: isFinal)
      switch code {
      case CURLE_URL_MALFORMAT: reply.fault = .url
      case CURLE_SSL_CACERT_BADFILE: reply.fault = .authorities
      default: break
      }
      return reply
    }
  }
#endif
