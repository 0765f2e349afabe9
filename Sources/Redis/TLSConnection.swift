import COpenSSL
import Glibc

/// One encrypted conversation over a socket.
///
/// It never waits: each call says what it has to wait for.
///
/// OpenSSL writes with `write(2)`, which raises SIGPIPE when the server is gone; the process ignores it.
final class TLSConnection {
  private let handle: SSLHandle
  private let host: Host
  private var isEstablished = false

  /// The server of the conversation.
  struct Host {
    /// Its name or address, for messages.
    var location: String
    /// The name or address that its certificate has to hold.
    var certificateName: String
  }

  /// The outcome of a call.
  enum Step {
    case done(Int)
    case waitToRead, waitToWrite
    case failed(RedisError)
  }

  /// - Parameters:
  ///   - descriptor: a connected socket that does not block; it stays the caller's.
  init(_ context: TLSContext, over descriptor: CInt, to host: Host) throws(RedisError) {
    guard let pointer = SSL_new(context.pointer) else { throw .connection("out of memory") }
    handle = SSLHandle(adopting: pointer)
    self.host = host
    let name = host.certificateName
    // An address is compared with the certificate's addresses and is no name to ask for (RFC 6066, section 3).
    X509_VERIFY_PARAM_set_hostflags(SSL_get0_param(pointer), UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(pointer), name) == 1
    let isNamed =
      isAddress
      || SSL_set1_host(pointer, name) == 1 && oneshot_SSL_set_tlsext_host_name(pointer, name) == 1
    guard isNamed, SSL_set_fd(pointer, descriptor) == 1 else { throw .untrusted("TLS cannot be set up for \(name)") }
    // A write is tried again from wherever the bytes are by then.
    _ = oneshot_SSL_set_mode(pointer, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
  }

  func shakeHands() -> Step {
    let step = take { SSL_connect(handle.pointer) }
    if case .done = step { isEstablished = true }
    return step
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Step {
    take { SSL_read(handle.pointer, buffer.baseAddress, CInt(clamping: buffer.count)) }
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Step {
    take { SSL_write(handle.pointer, bytes.baseAddress, CInt(clamping: bytes.count)) }
  }

  private func take(_ call: () -> CInt) -> Step {
    // OpenSSL keeps errors for each thread; an old one would be taken for this call's.
    ERR_clear_error()
    errno = 0
    let count = call()
    if count > 0 { return .done(Int(count)) }
    switch SSL_get_error(handle.pointer, count) {
    case SSL_ERROR_WANT_READ: return .waitToRead
    case SSL_ERROR_WANT_WRITE: return .waitToWrite
    case SSL_ERROR_ZERO_RETURN: return .failed(.connection("the server closed the connection"))
    case SSL_ERROR_SYSCALL where errno != 0:
      return .failed(.connection("the connection was lost: \(String(cString: strerror(errno)))"))
    case SSL_ERROR_SYSCALL: return .failed(.connection("the server closed the connection"))
    default: return .failed(failure(ERR_get_error()))
    }
  }

  /// Why TLS failed: the server cannot prove its identity, the server refuses this client, or the connection was lost.
  private func failure(_ code: UInt) -> RedisError {
    let verdict = SSL_get_verify_result(handle.pointer)
    if verdict != X509_V_OK {
      let reason = String(cString: X509_verify_cert_error_string(verdict))
      let name = host.certificateName == host.location ? "" : " for the name \(host.certificateName)"
      return .untrusted("the certificate of \(host.location) is not accepted\(name): \(reason)")
    }
    let reason = ERR_GET_REASON(code)
    // Alerts that the server sent are numbered from here on (ssl(3), SSL_AD_REASON_OFFSET).
    if (1000..<1256).contains(reason) {
      let alert = "\(host.location) refused the TLS connection: \(opensslReason(code))"
      if Self.alertsAboutUs.contains(reason - 1000) { return .refused(alert) }
      return Self.alertsThatStay.contains(reason - 1000) ? .untrusted(alert) : .connection(alert)
    }
    if reason == SSL_R_UNEXPECTED_EOF_WHILE_READING {
      return .connection("the server closed the connection" + (isEstablished ? "" : " during the TLS handshake"))
    }
    return isEstablished
      ? .connection("the TLS connection was lost: \(opensslReason(code))")
      : .untrusted("\(host.location) does not answer in TLS: \(opensslReason(code))")
  }

  /// Alerts about a client's certificate: bad, unsupported, revoked, expired, unknown, of an unknown
  /// authority, without access, missing (RFC 8446, section 6).
  private static let alertsAboutUs: Set<CInt> = [42, 43, 44, 45, 46, 48, 49, 116]
  /// Alerts that another attempt would get again: no common cipher, version, strength, name.
  private static let alertsThatStay: Set<CInt> = [40, 70, 71, 112]
}
