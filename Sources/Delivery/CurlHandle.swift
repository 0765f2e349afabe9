#if Delivery
  import CCurl
  import Glibc
  package import JobRuntime

  // To be found by the runtime, which cannot import this module: see `WebDelivery`.
  extension WebDelivery: WebDeliveryProvider {
    package static var clientType: any WebClient.Type { CurlWebClient.self }
    package static var mailType: any MailClient.Type { CurlMailClient.self }
  }

  /// Owner of a `CURL *`, and of the sockets that it opens.
  struct CurlHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer
    private let retainedSockets: Unmanaged<CurlSockets>
    var sockets: CurlSockets { retainedSockets.takeUnretainedValue() }

    /// "curl_global_init … at least once within a program"; a static is made once, whatever thread is first.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init?() {
      guard Self.isReady, let pointer = curl_easy_init() else { return nil }
      self.pointer = pointer
      // Until the handle is gone: it closes its sockets then.
      retainedSockets = .passRetained(CurlSockets())
    }

    deinit {
      sockets.stopListening()
      curl_easy_cleanup(pointer)
      retainedSockets.release()
    }

    /// Forgets all options and keeps the connections.
    ///
    /// libcurl's defaults hold: certificates and host names are verified, redirects are not followed.
    ///
    /// - Parameter authorities: a file in PEM form, instead of the system's.
    func reset(within limit: Duration, trusting authorities: String?) {
      curl_easy_reset(pointer)
      // Without signals, which libcurl would else use for timeouts: it does not have this process for itself.
      ccurl_set_number(pointer, CURLOPT_NOSIGNAL, 1)
      ccurl_set_number(pointer, CURLOPT_TIMEOUT_MS, Int(max(1, limit.inMilliseconds)))
      if let authorities {
        ccurl_set_text(pointer, CURLOPT_CAINFO, authorities)
        ccurl_set_text(pointer, CURLOPT_CAPATH, nil)
      }
      sockets.watch(pointer, retainedSockets.toOpaque())
    }

    func perform() -> CURLcode { curl_easy_perform(pointer) }

    /// Whether the other side is not who it should be.
    static func isUntrusted(_ code: CURLcode) -> Bool {
      [
        CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_ISSUER_ERROR,
      ].contains(code)
    }

    static func reason(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }
  }

  /// The sockets that a handle has opened.
  ///
  /// libcurl makes all calls from within calls of the handle, on the handle's thread.
  final class CurlSockets {
    private var open: Set<CInt> = []
    /// Whether only addresses are connected to that anybody may reach.
    var isForPublic = false
    /// An address that was not connected to, because of that.
    var refused = false

    fileprivate func watch(_ handle: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer) {
      (isForPublic, refused) = (false, false)
      ccurl_set_opener(
        handle,
        { context, _, address in
          guard let context, let address else { return CURL_SOCKET_BAD }
          return Unmanaged<CurlSockets>.fromOpaque(context).takeUnretainedValue().open(address)
        }, context)
      ccurl_set_closer(
        handle,
        { context, socket in
          if let context { Unmanaged<CurlSockets>.fromOpaque(context).takeUnretainedValue().open.remove(socket) }
          return close(socket)
        }, context)
    }

    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> CInt {
      if isForPublic, !Self.isPublic(address) {
        refused = true
        return CURL_SOCKET_BAD
      }
      let socket = socket(address.pointee.family, address.pointee.socktype | Self.closeOnExec, address.pointee.protocol)
      if socket >= 0 { open.insert(socket) }
      return socket
    }

    private static let closeOnExec = CInt(bitPattern: SOCK_CLOEXEC.rawValue)

    private static func isPublic(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Bool {
      // "addr" is only the beginning of what is there: addrlen bytes.
      guard let start = UnsafeMutableRawPointer(address.pointer(to: \.addr)) else { return false }
      switch address.pointee.family {
      case AF_INET:
        let part = start.advanced(by: MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 4)
        return PublicAddress.contains(v4: Array(UnsafeRawBufferPointer(start: part, count: 4)))
      case AF_INET6:
        let part = start.advanced(by: MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 8)
        return PublicAddress.contains(v6: Array(UnsafeRawBufferPointer(start: part, count: 16)))
      default: return false
      }
    }

    /// Ends all connections without waiting for the other side: libcurl says QUIT on one that has timed out, and waits
    /// for a server that is silent.
    func shutDown() {
      for socket in open { shutdown(socket, CInt(SHUT_RDWR)) }
    }

    /// Leaves it to the other side whether it answers QUIT, for which libcurl would wait up to two minutes.
    func stopListening() {
      for socket in open { shutdown(socket, CInt(SHUT_RD)) }
    }
  }
#endif
