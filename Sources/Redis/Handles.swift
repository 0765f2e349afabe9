import CHiredis
import COpenSSL

/// Owns hiredis' protocol parser.
///
/// All frees of this module stand in this file.
struct ReaderHandle: ~Copyable {
  let pointer: UnsafeMutablePointer<redisReader>

  init(adopting pointer: UnsafeMutablePointer<redisReader>) {
    self.pointer = pointer
    // hiredis frees its buffer whenever it is empty and larger than this; keeping it saves an
    // allocation for each large reply.
    pointer.pointee.maxbuf = 0
  }

  deinit { redisReaderFree(pointer) }
}

/// One reply of the server, as hiredis parsed it: read in place, freed with its owner.
public struct RedisReply: ~Copyable {
  let pointer: UnsafeMutablePointer<redisReply>

  init(adopting pointer: UnsafeMutablePointer<redisReply>) { self.pointer = pointer }

  deinit { freeReplyObject(pointer) }
}

/// Owns one TLS conversation of OpenSSL.
final class SSLHandle {
  let pointer: OpaquePointer

  init(adopting pointer: OpaquePointer) { self.pointer = pointer }

  deinit { SSL_free(pointer) }
}

/// Frees a `TLSContext`'s pointer.
func freeContext(_ pointer: OpaquePointer) { SSL_CTX_free(pointer) }
