import Glibc
import Synchronization

/// Wakes a thread that waits for a socket, from any other thread.
///
/// One is made for each piece of blocking work and fired by that work's task cancellation, so the
/// thread that owns the connection does all that follows (cancel on the server, drain, roll back) itself.
/// No C pointer ever crosses to another thread for it.
package final class Interrupt: Sendable {
  private let readEnd: CInt
  private let writeEnd: CInt
  private let fired = Atomic<Bool>(false)

  package init() {
    // Without a pipe (the process ran out of descriptors) waiting falls back to looking at `fired`
    // every `lookInterval`.
    var ends: [CInt] = [-1, -1]
    if pipe(&ends) == 0 {
      for end in ends {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
      }
    }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    for end in [readEnd, writeEnd] where end >= 0 { close(end) }
  }

  package var isFired: Bool { fired.load(ordering: .acquiring) }

  /// Wakes the waiting thread, and every later wait at once.
  ///
  /// May be called any number of times.
  package func fire() {
    fired.store(true, ordering: .releasing)
    var byte: UInt8 = 1
    if writeEnd >= 0 { _ = write(writeEnd, &byte, 1) }
  }

  /// Which direction a socket is waited for.
  package struct Direction: OptionSet, Sendable {
    package let rawValue: Int16
    package init(rawValue: Int16) { self.rawValue = rawValue }
    package static let read = Direction(rawValue: Int16(POLLIN))
    package static let write = Direction(rawValue: Int16(POLLOUT))
  }

  /// Why a wait ended.
  ///
  /// `ready` includes an error or hang-up of the socket: the next read shows which.
  package enum Wake: Sendable {
    case ready(Direction)
    case timedOut
    case interrupted
  }

  private static let lookInterval: CInt = 100

  /// Waits until a socket is ready, the deadline has passed or somebody called `fire()`.
  ///
  /// - Parameters:
  ///   - direction: what to wait for.
  ///   - descriptor: the socket.
  ///   - deadline: a point on the monotonic clock; `nil` waits without limit.
  package func wait(
    for direction: Direction, on descriptor: CInt, until deadline: ContinuousClock.Instant?
  ) -> Wake {
    while true {
      if isFired { return .interrupted }
      var waited = [
        pollfd(fd: descriptor, events: direction.rawValue, revents: 0),
        pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
      ]
      var milliseconds = readEnd >= 0 ? -1 : Self.lookInterval
      if let deadline {
        let left = ContinuousClock.now.duration(to: deadline)
        if left <= .zero { return .timedOut }
        let (seconds, attoseconds) = left.components
        let rounded = CInt(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
        milliseconds = milliseconds < 0 ? rounded : min(milliseconds, rounded)
      }
      let count = poll(&waited, nfds_t(waited.count), milliseconds)
      if count > 0 && waited[0].revents != 0 {
        let ready = Direction(rawValue: waited[0].revents & direction.rawValue)
        return .ready(ready.isEmpty ? direction : ready)
      }
    }
  }
}

/// Runs blocking work of an actor so that cancelling the task wakes it.
///
/// - Parameter body: given the interrupt that the cancellation of the current task fires.
package func interruptible<Value>(
  isolation: isolated (any Actor)? = #isolation,
  _ body: (Interrupt) throws -> Value
) async rethrows -> Value {
  let interrupt = Interrupt()
  return try await withTaskCancellationHandler(
    operation: {
      // Only a closure that captures the isolation inherits it (SE-0420). Without this the body would
      // run, and block, on the shared pool; the check makes that impossible to miss.
      isolation?.preconditionIsolated("blocking work belongs on its actor's thread")
      return try body(interrupt)
    }, onCancel: { interrupt.fire() }, isolation: isolation)
}
