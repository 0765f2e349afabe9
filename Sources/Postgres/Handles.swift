import BlockingIO
import CLibPQ
import Dispatch
import Synchronization

/// Owns one `PGconn`.
///
/// All frees of this module stand in this file.
struct ConnectionHandle: ~Copyable {
  let pointer: OpaquePointer
  let notices: NoticeReceiver

  init(adopting pointer: OpaquePointer, notices: NoticeReceiver) {
    (self.pointer, self.notices) = (pointer, notices)
    notices.receive(from: pointer)
  }

  deinit { PQfinish(pointer) }

  /// What libpq last said about the connection, without its trailing newline.
  var message: String {
    String(cString: PQerrorMessage(pointer)).trimmingNewlines()
  }
}

/// Owns one `PGresult`.
final class ResultHandle: Sendable {
  // libpq's manual, "Behavior in Threaded Programs": "PGresult objects are normally read-only after
  // creation, and so can be passed around freely between threads."
  nonisolated(unsafe) let pointer: OpaquePointer
  /// The result holds its address, too.
  private let notices: NoticeReceiver

  init(adopting pointer: OpaquePointer, notices: NoticeReceiver) {
    (self.pointer, self.notices) = (pointer, notices)
  }

  deinit { PQclear(pointer) }

  var status: ExecStatusType { PQresultStatus(pointer) }
}

/// Owns one `PGcancel`, for as long as its request is under way.
final class CancelHandle: Sendable {
  // libpq's manual, "Canceling Queries in Progress": "PQcancel can safely be invoked from a signal
  // handler" and from "a thread that is separate from the one manipulating the PGconn object. The
  // PGcancel object is read-only as far as PQcancel is concerned."
  private nonisolated(unsafe) let pointer: OpaquePointer

  init(adopting pointer: OpaquePointer) { self.pointer = pointer }

  deinit { PQfreeCancel(pointer) }

  /// Asks the server to stop what the connection is doing, and waits until the request has arrived.
  ///
  /// `PQcancel` has no time limit and a stopped server would hold it for ever, so it runs on a thread that can be left
  /// behind.
  /// - Parameter limit: how long to wait for the request to arrive.
  /// - Returns: whether the server took the request.
  func send(within limit: Duration) -> Bool {
    let request = CancelRequest()
    // A separate queue: a request that is left behind must not occupy a thread of the shared pool.
    DispatchQueue(label: "postgres-cancel").async {
      var ignored = [CChar](repeating: 0, count: 256)
      request.end(PQcancel(self.pointer, &ignored, CInt(ignored.count)) == 1)
    }
    return request.wait(limit)
  }
}

/// A cancel request under way, shared by the thread that sends it and the one that waits.
private final class CancelRequest: Sendable {
  private let isTaken = Atomic<Bool>(false)
  private let answered = DispatchSemaphore(value: 0)

  func end(_ isTaken: Bool) {
    self.isTaken.store(isTaken, ordering: .releasing)
    answered.signal()
  }

  func wait(_ limit: Duration) -> Bool {
    answered.wait(timeout: .now() + limit.forDispatch) == .success && isTaken.load(ordering: .acquiring)
  }
}

/// Owns the parts that libpq reads out of a connection string.
struct ConnectionOptionsHandle: ~Copyable {
  let pointer: UnsafeMutablePointer<PQconninfoOption>

  init(adopting pointer: UnsafeMutablePointer<PQconninfoOption>) { self.pointer = pointer }

  deinit { PQconninfoFree(pointer) }
}

/// Frees what libpq allocated for the caller (error texts).
func freeLibpqMemory(_ pointer: UnsafeMutablePointer<CChar>?) { PQfreemem(pointer) }

extension String {
  func trimmingNewlines() -> String {
    var text = self[...]
    while let last = text.last, last.isNewline { text.removeLast() }
    return String(text)
  }
}
