import CHiredis

/// A string inside a reply, lent: valid only as long as the reply it came from.
public typealias LentBytes = UnsafeRawBufferPointer

extension RedisReply {
  /// How many elements an array has; 0 for anything else.
  public var count: Int { pointer.pointee.type == REDIS_REPLY_ARRAY ? Int(pointer.pointee.elements) : 0 }

  /// The whole reply, copied.
  public var value: RedisValue { RedisValue(pointer) }

  /// The bytes of an array's element, lent: valid as long as the reply.
  ///
  /// `nil` for anything but a string.
  public func string(at index: Int) -> LentBytes? { Self.string(pointer.pointee.element[index]) }

  static func string(_ element: UnsafeMutablePointer<redisReply>?) -> LentBytes? {
    guard let element, element.pointee.type == REDIS_REPLY_STRING else { return nil }
    return LentBytes(start: element.pointee.str, count: element.pointee.len)
  }

  /// The error that the whole reply is, if it is one.
  var error: RedisError? {
    guard pointer.pointee.type == REDIS_REPLY_ERROR else { return nil }
    return RedisError(serverText: RedisValue.text(pointer))
  }
}

/// One page of `SCAN`: the keys, lent, and where the next page starts.
public struct ScanPage: ~Copyable {
  private let reply: RedisReply
  /// The cursor of the next page; "0" after the last.
  public let cursor: String
  private let keys: UnsafeMutablePointer<redisReply>

  init(_ reply: consuming RedisReply) throws(RedisError) {
    guard reply.count == 2, let cursor = reply.string(at: 0), let keys = reply.pointer.pointee.element[1] else {
      throw .unexpectedReply("the answer to SCAN is not a page of keys")
    }
    self.cursor = String(decoding: cursor, as: UTF8.self)
    self.keys = keys
    self.reply = reply
  }

  /// How many keys the page has.
  public var count: Int { Int(keys.pointee.elements) }

  /// The bytes of a key, lent: valid as long as the page.
  public func key(at index: Int) -> LentBytes? { RedisReply.string(keys.pointee.element[index]) }
}

/// A reply, copied out of hiredis.
public enum RedisValue: Sendable, Equatable {
  case null
  case integer(Int64)
  /// A string of any bytes.
  case bytes([UInt8])
  /// A short word of the server, such as `OK`.
  case status(String)
  case array([RedisValue])
  /// An error inside an array, or as one answer of a pipeline.
  case error(code: String, message: String)

  init(_ reply: UnsafeMutablePointer<redisReply>) {
    switch reply.pointee.type {
    case REDIS_REPLY_STRING:
      self = .bytes([UInt8](UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len)))
    case REDIS_REPLY_ARRAY:
      self = .array(
        (0..<Int(reply.pointee.elements)).map { index in
          reply.pointee.element[index].map { RedisValue($0) } ?? .null
        })
    case REDIS_REPLY_INTEGER: self = .integer(reply.pointee.integer)
    case REDIS_REPLY_STATUS: self = .status(Self.text(reply))
    case REDIS_REPLY_ERROR:
      let (code, message) = RedisError.split(Self.text(reply))
      self = .error(code: code, message: message)
    default: self = .null
    }
  }

  static func text(_ reply: UnsafeMutablePointer<redisReply>) -> String {
    String(decoding: UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len), as: UTF8.self)
  }

  /// The text of a string or status; `nil` for anything else, and for bytes that are not UTF-8.
  public var text: String? {
    switch self {
    case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
    case .status(let text): text
    default: nil
    }
  }

  /// The number of an integer reply; `nil` for anything else, also for digits in a string.
  public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

  /// The elements of an array; empty for anything else.
  public var elements: [RedisValue] { if case .array(let values) = self { values } else { [] } }
}
