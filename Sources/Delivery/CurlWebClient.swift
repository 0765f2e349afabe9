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

    package func transfer(_ transfer: WebTransfer, within limit: Duration, unless stop: StopMark) -> WebReply {
      handle.withLock { handle in
        if handle == nil { handle = CurlHandle() }
        return handle?.transfer(transfer, within: limit, unless: stop) ?? WebReply(failure: "libcurl cannot be used")
      }
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

      let exchange = WebExchange(stop)
      let code = perform(exchange)
      if exchange.reply.status != nil { return exchange.reply }
      if code == CURLE_OK, request.onlyConnects {
        sockets.shutDown()
        return WebReply()
      }
      return failure(code, request.settingForPrivate)
    }
  }
#endif
