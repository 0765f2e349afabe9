/// How much memory an answer takes that is not whole yet, so that one that never ends can be given up.
///
/// Every part of an answer ends with a line feed, and hiredis makes an object of each: an array of numbers takes twenty
/// times the bytes that it had on the way.
public struct AnswerSize {
  /// How large one answer may be, in bytes. It is kept twice, as it came and as it was parsed, and a job's other needs
  /// are about 20 MiB of the 64 MiB that a container has.
  public static let largest = 16 * 1024 * 1024

  /// What an object takes besides its text: `redisReply` and the pointer to it, each as `malloc` rounds it up.
  private static let bytesOfObject = 48

  private(set) var bytes = 0

  mutating func add(_ piece: UnsafeRawBufferPointer) {
    var lines = 0
    for byte in piece where byte == UInt8(ascii: "\n") { lines += 1 }
    bytes += piece.count + lines * Self.bytesOfObject
  }

  /// - Parameter command: what was asked; empty where that is not known any more.
  static func complaint(about command: String, atMost bytes: Int) -> String {
    let limit = bytes % (1024 * 1024) == 0 ? "\(bytes / 1024 / 1024) MiB" : "\(bytes) bytes"
    return "the answer\(command.isEmpty ? "" : " to \(command)") takes more than \(limit), and was given up"
  }
}
