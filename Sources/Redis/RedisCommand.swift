import CHiredis

/// A command and its arguments; each argument is sent by its length, so nothing in it is syntax.
public struct RedisCommand: Sendable, Equatable {
  package var arguments: [[UInt8]]

  /// - Parameter words: the command's name and its arguments.
  public init(_ words: String...) { arguments = words.map { Array($0.utf8) } }

  /// - Parameters:
  ///   - words: the command's name and its first arguments.
  ///   - bytes: further arguments, of any bytes.
  public init(_ words: String..., bytes: [[UInt8]]) { arguments = words.map { Array($0.utf8) } + bytes }

  /// The command's name, for messages. Arguments may be secrets, so they are never shown.
  package var name: String { arguments.first.map { String(decoding: $0, as: UTF8.self) } ?? "" }

  func withFormatted<Value>(
    _ body: (UnsafeRawBufferPointer) throws(RedisError) -> Value
  ) throws(RedisError) -> Value {
    // All arguments in one piece of memory, so that their pointers stay put while hiredis formats.
    let flat = arguments.flatMap(\.self) + [0]
    return try flat.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(RedisError) -> Value in
      var pointers: [UnsafePointer<CChar>?] = []
      var offset = 0
      for argument in arguments {
        let start = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[offset...]).baseAddress
        pointers.append(start?.assumingMemoryBound(to: CChar.self))
        offset += argument.count
      }
      return try Self.withFormatted(pointers: pointers, lengths: arguments.map(\.count), body)
    }
  }

  /// Formats a command whose arguments lie somewhere in memory already: nothing is copied but into
  /// the command itself.
  static func withFormatted<Value>(
    pointers: [UnsafePointer<CChar>?], lengths: [Int],
    _ body: (UnsafeRawBufferPointer) throws(RedisError) -> Value
  ) throws(RedisError) -> Value {
    var pointers = pointers
    var formatted: UnsafeMutablePointer<CChar>?
    let count = redisFormatCommandArgv(&formatted, CInt(pointers.count), &pointers, lengths)
    guard count > 0, let formatted else { throw .unexpectedReply("a command could not be formatted: out of memory") }
    let command = CommandHandle(adopting: formatted, count: Int(count))
    return try body(command.bytes)
  }
}
