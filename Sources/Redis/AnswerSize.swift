/// How much memory an incomplete answer takes, so that one that never ends can be given up.
///
/// Every part of an answer ends with CR LF, and hiredis makes an object of each: an array of numbers takes twenty
/// times the bytes that it had on the way.
public struct AnswerSize {
  /// How large one answer may be, in bytes.
  ///
  /// It is kept twice, as it came and as it was parsed, and a job's other needs are about 20 MiB of the 64 MiB that a
  /// container has.
  public static let largest = 16 * 1024 * 1024

  /// What an object takes besides its text: `redisReply` and the pointer to it, each as `malloc` rounds it up.
  private static let bytesOfObject = 48

  /// Answers up to this many bytes are not examined: jobs take thousands of them, and none is large in memory.
  private static let small = 256 * 1024

  private(set) var bytes = 0

  mutating func add(_ piece: UnsafeRawBufferPointer) {
    bytes += piece.count
    guard bytes > Self.small else { return }
    // A CR LF that two pieces share counts as well: the first piece may have ended with the CR.
    var (lines, previous) = (0, UInt8(ascii: "\r"))
    for byte in piece {
      if byte == UInt8(ascii: "\n"), previous == UInt8(ascii: "\r") { lines += 1 }
      previous = byte
    }
    bytes += lines * Self.bytesOfObject
  }

  /// - Parameter command: the command that it answers; empty where that is not known any more.
  static func complaint(about command: String, atMost bytes: Int) -> String {
    let limit = bytes % (1024 * 1024) == 0 ? "\(bytes / 1024 / 1024) MiB" : "\(bytes) bytes"
    return "the answer\(command.isEmpty ? "" : " to \(command)") takes more than \(limit), and was given up"
  }
}
