import COpenSSL

/// HMAC-SHA256 (RFC 2104), 32 bytes, by OpenSSL, which libpq brings along.
public func hmacSHA256(of message: [UInt8], key: [UInt8]) -> [UInt8] {
  var digest = [UInt8](repeating: 0, count: 32)
  var length: UInt32 = 0
  HMAC(EVP_sha256(), key, CInt(key.count), message, message.count, &digest, &length)
  return digest
}
