import BlockingIO
import Glibc

extension JobRun {
  /// Lends the rows on stdin.
  ///
  /// It can be read once: a run that starts again has to keep what it has read.
  public func withInput<Value>(_ body: (RunInput) async throws -> Value) async throws -> Value {
    let input = RunInput(inputDescriptor)
    return try await withTaskCancellationHandler {
      try await body(input)
    } onCancel: {
      input.interrupt.fire()
    }
  }
}

/// The stdin of a run.
public final class RunInput: Sendable {
  private let descriptor: Int32
  fileprivate let interrupt = Interrupt()
  private let waiter = Waiter()

  fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Whether somebody sits there and would have to type the rows.
  public var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Waits until there is something to read, or the end, without keeping a thread of the shared pool.
  ///
  /// Errors: `CancellationError` once the run is stopped.
  public func hasBegun() async throws { try await waiter.wait(for: descriptor, interrupt) }

  /// Blocks until there are bytes; on a connection's thread (`JobRun.staging`), for example.
  ///
  /// - Returns: the next bytes; none at the end.
  ///
  /// Errors: `CancellationError` once the run is stopped, `JobFailure` where it cannot be read.
  public func next(atMost limit: Int) throws -> [UInt8] {
    while true {
      if case .interrupted = interrupt.wait(for: .read, on: descriptor, until: nil) { throw CancellationError() }
      var problem: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
        let got = read(descriptor, buffer.baseAddress, limit)
        problem = got < 0 ? errno : 0
        count = max(0, got)
      }
      switch problem {
      case 0: return bytes
      case EINTR, EAGAIN: continue
      default: throw JobFailure(.unavailable, "stdin cannot be read: \(String(cString: strerror(problem)))")
      }
    }
  }

  /// Waits on its own thread.
  private actor Waiter {
    private let executor = ThreadExecutor(label: "stdin")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func wait(for descriptor: Int32, _ interrupt: Interrupt) throws {
      if case .interrupted = interrupt.wait(for: .read, on: descriptor, until: nil) { throw CancellationError() }
    }
  }
}
