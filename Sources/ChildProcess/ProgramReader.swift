/// Takes what a program writes, on the thread that watches the program.
public protocol ProgramReader: Sendable {
  /// Takes the next bytes of a descriptor. While it blocks, the program's pipe fills and the program waits: a reader
  /// that has to wait for somebody blocks here. A request to stop takes effect when it returns.
  ///
  /// - Returns: whether more is wanted; otherwise the program is stopped, and the rest of its output is dropped.
  mutating func take(_ bytes: UnsafeRawBufferPointer, of descriptor: Int32) -> Bool

  /// What happens meanwhile, for a log.
  mutating func note(_ event: ProgramEvent)
}

extension ProgramReader {
  /// Ignores the event.
  public mutating func note(_ event: ProgramEvent) {}
}

/// A step in the life of a program, as it happens.
public enum ProgramEvent: Sendable, Equatable {
  /// With the number of the process.
  case started(Int32)
  /// It has got SIGTERM.
  case stopping
  /// It has not ended in time after that.
  case killing
}

/// The output of a program as bytes, up to a limit, and the end of what it says on stderr.
public struct CapturedOutput: ProgramReader {
  private let limit: Int
  /// What the program wrote to descriptors other than stderr, up to the limit.
  public private(set) var bytes: [UInt8] = []
  /// Whether there was more output than the limit: the program was stopped then.
  public private(set) var isTooLong = false
  private var end: [UInt8] = []

  /// How much of stderr is kept, in bytes.
  private static let kept = 4096

  /// - Parameter limit: the most output that is read, in bytes.
  public init(atMost limit: Int) { self.limit = limit }

  /// The last 4 KiB of stderr, from the beginning of a character.
  public var errors: String {
    String(decoding: end.drop { end.count == Self.kept && $0 & 0xC0 == 0x80 }, as: UTF8.self)
  }

  /// Keeps output up to the limit, and the end of stderr.
  ///
  /// - Returns: `false` once there is more output than the limit, which stops the program.
  public mutating func take(_ part: UnsafeRawBufferPointer, of descriptor: Int32) -> Bool {
    if descriptor == 2 {
      end += part.suffix(Self.kept)
      end.removeFirst(max(0, end.count - Self.kept))
      return true
    }
    isTooLong = part.count > limit - bytes.count
    bytes += part.prefix(limit - bytes.count)
    return !isTooLong
  }
}
