#if Delivery
  import CCurl
  package import JobRuntime
  import Synchronization

  // To be found by the runtime, which cannot import this module: see `WebDelivery`.
  extension WebDelivery: WebDeliveryProvider {
    package static var clientType: any WebClient.Type { CurlClient.self }
  }

  /// The web client over libcurl.
  ///
  /// libcurl's defaults hold: certificates and host names are verified, redirects are not followed.
  package final class CurlClient: WebClient {
    private let handle = Mutex<CurlHandle?>(nil)

    package init() {}

    package func post(
      _ body: String, as type: String, to url: String, within limit: Duration
    ) throws(DeliveryFailure) {
      try handle.withLock { handle throws(DeliveryFailure) in
        // Made here: only on its own thread, and only when something is sent.
        if handle == nil { handle = try CurlHandle() }
        try handle?.post(body, as: type, to: url, within: limit)
      }
    }
  }

  /// Owner of a `CURL *`.
  private struct CurlHandle: ~Copyable {
    private let pointer: UnsafeMutableRawPointer

    /// "curl_global_init … at least once within a program"; a static is made once, whatever thread is first.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init() throws(DeliveryFailure) {
      guard Self.isReady, let pointer = curl_easy_init() else { throw DeliveryFailure("libcurl cannot be used") }
      self.pointer = pointer
    }

    deinit { curl_easy_cleanup(pointer) }

    func post(
      _ body: String, as type: String, to url: String, within limit: Duration
    ) throws(DeliveryFailure) {
      // Forgets options, keeps the connection.
      curl_easy_reset(pointer)
      let headers = curl_slist_append(nil, "Content-Type: \(type)")
      defer { curl_slist_free_all(headers) }
      ccurl_set_text(pointer, CURLOPT_URL, url)
      ccurl_allow_only_http(pointer)
      ccurl_set_number(pointer, CURLOPT_POST, 1)
      ccurl_set_number(pointer, CURLOPT_POSTFIELDSIZE, body.utf8.count)
      ccurl_set_text(pointer, CURLOPT_COPYPOSTFIELDS, body)
      ccurl_set_list(pointer, CURLOPT_HTTPHEADER, headers)
      ccurl_set_text(pointer, CURLOPT_USERAGENT, "oneshot/\(oneshotVersion)")
      // Without signals, which libcurl would else use for timeouts: it does not have this process for itself.
      ccurl_set_number(pointer, CURLOPT_NOSIGNAL, 1)
      ccurl_set_number(pointer, CURLOPT_TIMEOUT_MS, Int(limit.inMilliseconds))

      var answer: [UInt8] = []
      let code = withUnsafeMutablePointer(to: &answer) { answer in
        ccurl_set_reader(
          pointer,
          { bytes, size, count, context in
            let answer = context?.assumingMemoryBound(to: [UInt8].self)
            let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
            // One byte more than is shown tells that there is more.
            answer?.pointee += part.prefix(CurlHandle.longestShown + 1 - (answer?.pointee.count ?? 0))
            return size * count
          }, answer)
        return curl_easy_perform(pointer)
      }
      guard code == CURLE_OK else { throw DeliveryFailure(String(cString: curl_easy_strerror(code))) }
      var status = 0
      ccurl_get_number(pointer, CURLINFO_RESPONSE_CODE, &status)
      guard (200..<300).contains(status) else {
        // Whole or not at all: what is left of a secret at a cut is not found by the log, which takes secrets out.
        let shown = answer.count > Self.longestShown ? [] : answer
        let words = String(decoding: shown, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        throw DeliveryFailure(
          "the server answered \(status)\(words.isEmpty ? "" : ": \(words)")",
          // 408 and 429 are about the moment (RFC 9110, 15.5.9; RFC 6585, 4).
          isRefusal: (400..<500).contains(status) && status != 408 && status != 429)
      }
    }

    /// What is longer is a page for people, not a reason.
    private static let longestShown = 1000
  }
#endif
