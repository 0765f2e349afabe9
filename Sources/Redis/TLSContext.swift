import COpenSSL
import Glibc

/// The certificates for TLS to Redis: the trusted authorities and, where a server requests one, this client's
/// certificate.
///
/// Made once and shared by all connections. The server's certificate and its host name are always verified; no setting
/// turns that off.
package final class TLSContext: Sendable {
  /// Files in PEM form.
  package struct Files: Sendable {
    /// The authorities that may have signed the server's certificate; `nil` means the system's.
    package var authorities: String?
    /// This client's certificate, its chain after it.
    package var certificate: String?
    /// The private key of `certificate`.
    package var key: String?

    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
      self.authorities = authorities
      self.certificate = certificate
      self.key = key
    }
  }

  /// A file that cannot be used, and why, as the rest of a sentence that begins with the setting's name.
  package struct FileError: Error, Equatable {
    package enum Part: Sendable { case authorities, certificate, key }
    package var part: Part
    package var message: String
  }

  // OpenSSL's manual, openssl-threads(7): objects "are thread-safe … for sharing among threads" once they
  // are set up; this one is not changed after `init`.
  nonisolated(unsafe) let pointer: OpaquePointer

  deinit { freeContext(pointer) }

  package init(_ files: Files) throws(FileError) {
    guard let pointer = SSL_CTX_new(TLS_client_method()) else {
      throw FileError(part: .authorities, message: "cannot be used: OpenSSL has no memory for it")
    }
    self.pointer = pointer
    _ = oneshot_SSL_CTX_set_min_proto_version(pointer, TLS1_2_VERSION)
    SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
    // Without this OpenSSL would ask for a key's passphrase on the terminal.
    SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in 0 }
    if let path = files.authorities {
      try Self.use(path, as: .authorities) { SSL_CTX_load_verify_locations(pointer, path, nil) }
    } else {
      SSL_CTX_set_default_verify_paths(pointer)
    }
    switch (files.certificate, files.key) {
    case (nil, nil): break
    case (_?, nil): throw FileError(part: .key, message: "is required beside the certificate")
    case (nil, _?): throw FileError(part: .certificate, message: "is required beside the key")
    case (let certificate?, let key?):
      try Self.use(certificate, as: .certificate) { SSL_CTX_use_certificate_chain_file(pointer, certificate) }
      try Self.use(key, as: .key) { SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) }
    }
  }

  private static func use(_ path: String, as part: FileError.Part, _ load: () -> CInt) throws(FileError) {
    // OpenSSL's own message for a missing file is hard to read.
    guard access(path, R_OK) == 0 else {
      throw FileError(part: part, message: "names \(path), which cannot be read: \(String(cString: strerror(errno)))")
    }
    ERR_clear_error()
    guard load() == 1 else {
      throw FileError(part: part, message: "names \(path), which cannot be used: \(opensslReason(ERR_get_error()))")
    }
  }
}

/// What OpenSSL says of an error code, without the numbers around it.
func opensslReason(_ code: UInt) -> String {
  ERR_reason_error_string(code).map { String(cString: $0) } ?? "an error of OpenSSL with the code \(code)"
}
