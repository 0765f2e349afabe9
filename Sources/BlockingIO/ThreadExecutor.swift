import Dispatch

/// Gives an actor its own thread, so that the blocking C calls inside it never occupy
/// one of the few threads that Swift's shared pool has for everything else.
///
/// A serial dispatch queue without a target gets its own thread whenever it has work; on Linux
/// `DispatchSerialQueue` is not an executor itself, hence these few lines.
package final class ThreadExecutor: SerialExecutor {
  private let queue: DispatchQueue

  /// - Parameter label: what a debugger shows for the thread.
  package init(label: String) {
    queue = DispatchQueue(label: label)
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
