import BlockingIO
import Dispatch
import Glibc
import Synchronization

/// SIGTERM and SIGINT: the first one asks for a stop; a second one, or the end of the grace, ends the process.
final class Signals: Sendable {
  /// What the first signal asks for. One that comes before anybody answers it waits for that.
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

  /// States what is said when the process ends while its work goes on. It may not block for long before it is said.
  func sayBeforeTheEnd(_ lastWord: @escaping @Sendable () -> Void) { self.lastWord.withLock { $0 = lastWord } }

  private func take(_ number: Int32) {
    let isFirst = stop.make(by: number)
    LastResort.end(after: isFirst ? StopLimits.grace : .zero, with: 128 + (stop.signal ?? number)) {
      self.lastWord.withLock { $0 }?()
    }
  }
}

/// The end of the process, whatever its threads are doing: even those that write to a pipe nobody reads.
enum LastResort {
  /// - Parameters:
  ///   - delay: how long from now.
  ///   - exitCode: the process's, if the last word is not said in time.
  ///   - lastWord: says it, and ends the process.
  static func end(after delay: Duration, with exitCode: Int32, _ lastWord: @escaping @Sendable () -> Void) {
    queue("last-word", after: delay, lastWord)
    queue("last-resort", after: delay + StopLimits.lastWord) { ThisProcess.end(exitCode) }
  }

  /// A separate queue has its own thread.
  private static func queue(_ label: String, after delay: Duration, _ work: @escaping @Sendable () -> Void) {
    DispatchQueue(label: label).asyncAfter(deadline: .now() + delay.forDispatch, execute: work)
  }
}
