import CLibPQ
import Glibc
import Synchronization

/// What a server says beside its answers: `raise notice` in a function, its own warning.
package struct Notice: Sendable {
  package enum Severity: Sendable { case debug, info, warning }

  package var severity: Severity
  package var message: String
  package var hint: String?

  fileprivate init(_ result: OpaquePointer) {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, CInt(code.asciiValue ?? 0)).map { boundedText($0) }
    }
    // The severity that is not translated; libpq's own notices have none.
    switch field("V") ?? "WARNING" {
    case "WARNING": severity = .warning
    case "NOTICE", "INFO": severity = .info
    default: severity = .debug
    }
    message = field("M") ?? ""
    hint = field("H")
  }
}

/// Takes the notices of a connection, which libpq would print on stderr.
final class NoticeReceiver: Sendable {
  private let take: @Sendable (Notice) -> Void
  private let bytes = Atomic<Int>(0)

  /// How many bytes all notices had on the wire.
  ///
  /// The notices themselves are not kept.
  var received: Int { bytes.load(ordering: .relaxed) }

  init(_ take: @escaping @Sendable (Notice) -> Void) { self.take = take }

  /// Receives from now on.
  ///
  /// Connection and results hold the address, so whoever owns one keeps the receiver alive.
  func receive(from connection: OpaquePointer) {
    PQsetNoticeReceiver(
      connection,
      { receiver, result in
        guard let receiver, let result else { return }
        let own = Unmanaged<NoticeReceiver>.fromOpaque(receiver).takeUnretainedValue()
        own.bytes.add(NoticeReceiver.size(of: result), ordering: .relaxed)
        own.take(Notice(result))
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// The bytes of a message of the protocol: its type and length, of each field its code, text and NUL, and a NUL behind
  /// all (manual, `NoticeResponse`).
  private static func size(of result: OpaquePointer) -> Int {
    "SVCMDHPpqWstcdnFLR".utf8.reduce(6) { size, code in
      size + (PQresultErrorField(result, CInt(code)).map { strlen($0) + 2 } ?? 0)
    }
  }
}
