import Glibc
import JobRuntime

/// A file that a producer has written before.
///
/// It can be read from its beginning again, however long it is.
final class FileSource: Source {
  private let path: String
  private let descriptor: Int32

  private static let piece = 64 << 10

  /// Errors: `JobFailure` where there is no such file, or it is none.
  init(_ path: String) throws {
    self.path = path
    // Without waiting: a FIFO would wait for its writer here, and is refused.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let number = errno
      throw JobFailure(
        number == EACCES ? .denied : .unavailable,
        "STAGE_FILE: \(path) cannot be opened: \(String(cString: strerror(number)))",
        hint: "The producer has to have written it before this job starts, where this job may read it.")
    }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw JobFailure(
        .misconfigured, "STAGE_FILE: \(path) is no regular file",
        hint: "A pipe is read on stdin; a program is named by STAGE_COMMAND.")
    }
  }

  deinit { close(descriptor) }

  func begin() throws { guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw unreadable } }

  func next() throws -> [UInt8] {
    while true {
      var isInterrupted = false
      var isRead = true
      let bytes = [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
        let got = read(descriptor, buffer.baseAddress, Self.piece)
        isInterrupted = got < 0 && errno == EINTR
        isRead = got >= 0
        count = max(0, got)
      }
      if isRead { return bytes }
      guard isInterrupted else { throw unreadable }
    }
  }

  func conclude(_ marker: EndMarker, bytes: Int) throws { try requireMarker(marker, bytes: bytes, on: path) }

  private var unreadable: JobFailure {
    JobFailure(.unavailable, "STAGE_FILE: \(path) cannot be read: \(Self.problem)")
  }

  private static var problem: String { String(cString: strerror(errno)) }
}
