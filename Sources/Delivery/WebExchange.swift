#if Delivery
  import CCurl
  import Glibc
  import JobRuntime

  /// What libcurl's functions put down during one request.
  final class WebExchange {
    var reply = WebReply()
    private let stop: StopMark
    private let file: WebTransfer.Direction?
    private var status: Int?
    private var taken = 0
    /// How much of a file was sent, in bytes.
    private var sent = 0

    /// A longer body is not worth a connection that can be kept.
    private static let mostTaken = 65_536

    /// - Parameter file: what the body is, other than words.
    init(_ stop: StopMark, _ file: WebTransfer.Direction? = nil) { (self.stop, self.file) = (stop, file) }

    /// Words are of use, and a file is none, when the server says no.
    private var destination: (file: Int32, limit: Int)? {
      guard case .fetch(let file, let limit) = file, status == 200 else { return nil }
      return (file, limit)
    }

    /// Of words, one byte more than is shown means that there is more.
    ///
    /// - Returns: whether the rest is wanted.
    func take(_ part: UnsafeRawBufferPointer) -> Bool {
      if let destination { return write(part, to: destination.file, atMost: destination.limit) }
      taken += part.count
      reply.body += part.prefix(1001 - min(1001, reply.body.count))
      return taken <= Self.mostTaken
    }

    private func write(_ part: UnsafeRawBufferPointer, to file: Int32, atMost limit: Int) -> Bool {
      guard part.count <= limit - taken else {
        reply.isTooLarge = true
        return false
      }
      var rest = part[...]
      while !rest.isEmpty {
        let count = pwrite(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, off_t(taken))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          reply.fileError = errno
          return false
        }
        taken += count
        rest = rest.dropFirst(count)
      }
      return true
    }

    /// The next bytes of the file that is stored.
    ///
    /// - Returns: how many, or that there is no use in going on.
    func give(_ place: UnsafeMutableRawBufferPointer) -> Int {
      guard case .store(let file, _, _) = file else { return Int(CURL_READFUNC_ABORT) }
      var count: Int
      repeat { count = pread(file, place.baseAddress, place.count, off_t(sent)) } while count < 0 && errno == EINTR
      guard count >= 0 else {
        reply.fileError = errno
        return Int(CURL_READFUNC_ABORT)
      }
      sent += count
      return count
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

    /// What is posted may have been taken, so its answer is waited for; of half a file nothing is kept.
    var hasToEnd: Bool { stop.ends(file == nil) }

    static func at(_ context: UnsafeMutableRawPointer?) -> WebExchange? {
      context.map { Unmanaged<WebExchange>.fromOpaque($0).takeUnretainedValue() }
    }
  }

  extension CurlHandle {
    /// Does what the handle's options say.
    func perform(_ exchange: WebExchange) -> CURLcode {
      let context = Unmanaged.passUnretained(exchange).toOpaque()
      ccurl_set_receiver(
        pointer,
        { bytes, size, count, context in
          let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
          return WebExchange.at(context)?.take(part) == true ? size * count : 0
        }, context)
      ccurl_set_source(
        pointer,
        { bytes, size, count, context in
          let place = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
          return WebExchange.at(context)?.give(place) ?? Int(CURL_READFUNC_ABORT)
        }, context)
      ccurl_set_listener(
        pointer,
        { _, kind, bytes, count, context in
          guard kind == CURLINFO_HEADER_IN else { return 0 }
          let line = UnsafeRawBufferPointer(start: bytes, count: count)
          WebExchange.at(context)?.takeHeader(String(decoding: line, as: UTF8.self))
          return 0
        }, context)
      ccurl_set_watcher(
        pointer, { context, _, _, _, _ in WebExchange.at(context)?.hasToEnd == true ? 1 : 0 }, context)
      return withExtendedLifetime(exchange) { perform() }
    }

    /// Why there is no answer.
    func failure(_ code: CURLcode, _ settingForPrivate: String?) -> WebReply {
      if sockets.refused, let settingForPrivate {
        return WebReply(
          failure: "its address is private, and \(settingForPrivate) does not allow that: nothing was sent",
          isFinal: true)
      }
      var reply = WebReply(
        failure: Self.reason(code), isFinal: Self.isUntrusted(code) || code == CURLE_URL_MALFORMAT)
      switch code {
      case CURLE_URL_MALFORMAT: reply.fault = .url
      case CURLE_SSL_CACERT_BADFILE: reply.fault = .authorities
      default: break
      }
      return reply
    }

    /// Fetches or stores a file.
    func transfer(_ transfer: WebTransfer, within limit: Duration, unless stop: StopMark) -> WebReply {
      reset(within: limit, trusting: transfer.authorities)
      sockets.isForPublic = transfer.settingForPrivate != nil
      ccurl_set_text(pointer, CURLOPT_URL, transfer.url)
      ccurl_allow_only_http(pointer)
      // What a proxy connects to cannot be seen from here.
      if transfer.settingForPrivate != nil { ccurl_set_text(pointer, CURLOPT_PROXY, "") }
      ccurl_set_text(pointer, CURLOPT_USERAGENT, "oneshot/\(oneshotVersion)")
      var headers: UnsafeMutablePointer<curl_slist>?
      defer { curl_slist_free_all(headers) }
      var isStoring = false
      switch transfer.direction {
      case .fetch(_, let most): ccurl_set_number(pointer, CURLOPT_MAXFILESIZE_LARGE, most)
      case .store(_, let size, let type):
        isStoring = true
        ccurl_set_number(pointer, CURLOPT_UPLOAD, 1)
        ccurl_set_number(pointer, CURLOPT_INFILESIZE_LARGE, size)
        headers = curl_slist_append(nil, "Content-Type: \(type)")
        // Nor a wait for a server that does not know of it.
        headers = curl_slist_append(headers, "Expect:")
        ccurl_set_list(pointer, CURLOPT_HTTPHEADER, headers)
        // On one that the server has closed meanwhile, the file would have to be sent from its beginning.
        ccurl_set_number(pointer, CURLOPT_FRESH_CONNECT, 1)
      }
      let exchange = WebExchange(stop, transfer.direction)
      let code = perform(exchange)
      if code == CURLE_FILESIZE_EXCEEDED { exchange.reply.isTooLarge = true }
      if exchange.reply.isTooLarge || exchange.reply.fileError != nil { return exchange.reply }
      // Half of a file that is fetched is none.
      let isWhole = code == CURLE_OK || isStoring || exchange.reply.status != 200
      if exchange.reply.status != nil, isWhole { return exchange.reply }
      return failure(code, transfer.settingForPrivate)
    }
  }
#endif
