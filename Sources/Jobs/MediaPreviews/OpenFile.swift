import Glibc

/// A descriptor, closed with the object.
final class OpenFile: Sendable {
  let number: Int32

  init(adopting number: Int32) { self.number = number }

  deinit { close(number) }

  /// - Throws: the system's number of the error.
  func facts() throws(SystemError) -> stat {
    var facts = stat()
    guard fstat(number, &facts) == 0 else { throw SystemError() }
    return facts
  }

  /// The first bytes, without moving the place where others read.
  func beginning(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
      used = max(0, pread(number, buffer.baseAddress, count, 0))
    }
  }
}

/// What the system answered.
struct SystemError: Error, Equatable, CustomStringConvertible {
  let number: Int32

  init(_ number: Int32 = errno) { self.number = number }

  var description: String { String(cString: strerror(number)) }
  /// Whether there is no room left, on the disk or in somebody's share of it.
  var isFullDisk: Bool { number == ENOSPC || number == EDQUOT }
}
