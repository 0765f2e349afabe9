/// A command and its arguments; each argument is sent by its length, so nothing in it is syntax.
public struct RedisCommand: Sendable, Equatable {
  package var arguments: [[UInt8]]

  /// - Parameter words: the command's name and its arguments.
  public init(_ words: String...) { arguments = words.map { Array($0.utf8) } }

  /// - Parameters:
  ///   - words: the command's name and its first arguments.
  ///   - bytes: further arguments, of any bytes.
  public init(_ words: String..., bytes: [[UInt8]]) { arguments = words.map { Array($0.utf8) } + bytes }

  /// The command's name, for messages.
  ///
  /// Arguments may be secrets, so they are never shown.
  package var name: String { arguments.first.map { String(decoding: $0, as: UTF8.self) } ?? "" }
}
