import CChild
import Glibc
import Synchronization

/// Two descriptors that no other program inherits, closed with the object.
final class Pipe: Sendable {
  let reading: Int32
  private let end: Mutex<Int32>

  /// - Returns: `nil` where the process has too many descriptors; `errno` says so.
  init?() {
    var ends: [Int32] = [-1, -1]
    guard oneshot_pipe(&ends) == 0 else { return nil }
    reading = ends[0]
    end = Mutex(ends[1])
  }

  deinit {
    close(reading)
    closeWriting()
  }

  var writing: Int32 { end.withLock(\.self) }

  func closeWriting() {
    end.withLock { end in
      if end >= 0 { close(end) }
      end = -1
    }
  }

  /// Makes it readable.
  func signal() { end.withLock { end in _ = write(end, "x", 1) } }
}

/// Stops a program, from any thread; one that is started later is stopped at once.
package final class ProgramStop: Sendable {
  let pipe = Pipe()

  package init() {}

  package func request() { pipe?.signal() }
}
