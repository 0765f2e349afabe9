import BlockingIO
import Dispatch
import Glibc
import Synchronization

/// SIGTERM and SIGINT: the first one requests a stop; a second one, or the end of the grace period, ends the process.
final class Signals: Sendable {
  /// The stop that the first signal requests.
  ///
  /// A signal that comes before anything answers it takes effect then.
  let stop = StopRequest()
  private let lastWord = Mutex<(@Sendable () -> Void)?>(nil)
  private let queue = DispatchQueue(label: "signals")
  // Dispatch sources are not marked Sendable on Linux; these are only kept alive here, and set once.
  private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

  /// Catches signals from now on.
  init() {
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in take(number) }
      source.resume()
      sources.append(source)
    }
  }

  /// Sets the last word: the result that is delivered when the process ends while its work goes on.
  ///
  /// It may not block for long before it is delivered.
  func sayBeforeTheEnd(_ lastWord: @escaping @Sendable () -> Void) { self.lastWord.withLock { $0 = lastWord } }

  private func take(_ number: Int32) {
    let isFirst = stop.make(by: number)
    LastResort.end(after: isFirst ? StopLimits.grace : .zero, with: 128 + (stop.signal ?? number)) {
      self.lastWord.withLock { $0 }?()
    }
  }
}

/// Ends the process, whatever its threads are doing: even those that write to a pipe that nobody reads.
enum LastResort {
  /// - Parameters:
  ///   - delay: how long from now.
  ///   - exitCode: the process's exit code, if the last word is not delivered in time.
  ///   - lastWord: delivers the result, and ends the process.
  static func end(after delay: Duration, with exitCode: Int32, _ lastWord: @escaping @Sendable () -> Void) {
    queue("last-word", after: delay, lastWord)
    queue("last-resort", after: delay + StopLimits.lastWord) { ThisProcess.end(exitCode) }
  }

  /// A separate queue has its own thread.
  private static func queue(_ label: String, after delay: Duration, _ work: @escaping @Sendable () -> Void) {
    DispatchQueue(label: label).asyncAfter(deadline: .now() + delay.forDispatch, execute: work)
  }
}
