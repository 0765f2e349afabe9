import Glibc

/// How much of one answer libpq has taken from the server, so that an answer that never ends can be given up.
///
/// libpq keeps an answer whole and has no limit of its own.
///
/// The kernel counts the bytes. It does not count them for Unix sockets, whose server is a process of this machine.
struct ReceivedBytes {
  /// How large one answer may be, in bytes.
  ///
  /// libpq keeps it twice for a moment, as it came and as it was parsed, and a job's other needs are about 20 MiB of
  /// the 64 MiB that a container has.
  static let largest = 16 * 1024 * 1024

  private let socket: CInt
  private let notices: NoticeReceiver
  private var start: Int?

  /// - Parameter notices: their bytes are not kept, and are no part of an answer.
  init(on socket: CInt, besides notices: NoticeReceiver) { (self.socket, self.notices) = (socket, notices) }

  /// The bytes since the first call; small answers, which come in one piece, are never counted.
  mutating func sinceStart() -> Int {
    guard let taken = Self.taken(from: socket).map({ $0 - notices.received }) else { return 0 }
    guard let start else {
      start = taken
      return 0
    }
    return taken - start
  }

  /// What the kernel has received and handed over.
  private static func taken(from socket: CInt) -> Int? {
    // `struct tcp_info` of <linux/tcp.h>, which the C library's own copy cuts short: `tcpi_bytes_received` is at 128,
    // since Linux 4.1.
    var facts = [UInt64](repeating: 0, count: 17)
    var size = socklen_t(facts.count * MemoryLayout<UInt64>.size)
    let wanted = size
    guard getsockopt(socket, CInt(IPPROTO_TCP), TCP_INFO, &facts, &size) == 0, size == wanted else { return nil }
    var waiting: CInt = 0
    guard ioctl(socket, UInt(FIONREAD), &waiting) == 0 else { return nil }
    return Int(facts[16]) - Int(waiting)
  }
}
