import BlockingIO
import Glibc

/// Bytes to and from the server over one socket, each wait with a limit.
///
/// After any error it is dead; the session is dropped with it. `read` and `write` are the only two calls
/// that touch the bytes, in the clear or encrypted.
struct Transport: ~Copyable {
  private let descriptor: CInt
  /// `nil` in the clear.
  private var tls: TLSConnection?
  var interrupt = Interrupt()

  deinit { close(descriptor) }

  private init(adopting descriptor: CInt) { self.descriptor = descriptor }

  /// Connects to one address.
  ///
  /// - Parameters:
  ///   - tls: what to encrypt with; `nil` sends in the clear.
  ///   - host: the host that the server's certificate has to name.
  static func connect(
    to endpoint: Endpoint, tls: TLSContext?, host: TLSConnection.Host, until deadline: ContinuousClock.Instant,
    _ interrupt: Interrupt
  ) throws(RedisError) -> Transport {
    var transport = try open(endpoint, until: deadline, interrupt)
    transport.interrupt = interrupt
    if !endpoint.isUnixSocket { transport.keepAlive() }
    if let tls { try transport.encrypt(with: tls, to: host, until: deadline) }
    return transport
  }

  /// Shakes hands; from then on every byte is encrypted.
  private mutating func encrypt(
    with context: TLSContext, to host: TLSConnection.Host, until deadline: ContinuousClock.Instant
  ) throws(RedisError) {
    let tls = try TLSConnection(context, over: descriptor, to: host)
    _ = try finish(until: deadline, "the TLS handshake; does it speak TLS on this port?") { tls.shakeHands() }
    self.tls = tls
  }

  private static func open(
    _ endpoint: Endpoint, until deadline: ContinuousClock.Instant, _ interrupt: Interrupt
  ) throws(RedisError) -> Transport {
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(endpoint.family, kind, 0)
    guard descriptor >= 0 else { throw .connection("no socket: \(reason(errno))") }
    let transport = Transport(adopting: descriptor)
    let started = endpoint.address.withUnsafeBytes { bytes in
      Glibc.connect(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    // A Unix socket whose queue of waiting clients is full returns EAGAIN.
    guard started == 0 || errno == EINPROGRESS else {
      throw .connection("connecting to \(endpoint.name): \(reason(errno))")
    }
    if started != 0 {
      switch interrupt.wait(for: .write, on: descriptor, until: deadline) {
      case .ready: break
      case .timedOut: throw .timedOut("connecting to \(endpoint.name)")
      case .interrupted: throw .cancelled
      }
      var code: CInt = 0
      var size = socklen_t(MemoryLayout<CInt>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
      guard code == 0 else { throw .connection("connecting to \(endpoint.name): \(reason(code))") }
    }
    return transport
  }

  /// A half-open connection is noticed by the kernel, not only by our own limits.
  private func keepAlive() {
    func set(_ level: CInt, _ option: CInt, _ value: CInt) {
      var value = value
      setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }
    set(SOL_SOCKET, SO_KEEPALIVE, 1)
    set(CInt(IPPROTO_TCP), TCP_KEEPIDLE, 10)
    set(CInt(IPPROTO_TCP), TCP_KEEPINTVL, 5)
    set(CInt(IPPROTO_TCP), TCP_KEEPCNT, 3)
    set(CInt(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  /// Reads what is there, at least one byte.
  func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: ContinuousClock.Instant) throws(RedisError)
    -> Int
  {
    if let tls { return try finish(until: deadline, Self.answer) { tls.read(into: buffer) } }
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return count }
      if count == 0 { throw .connection("the server closed the connection") }
      try afterFailure(errno, waitingFor: .read, until: deadline)
    }
  }

  /// Writes all bytes.
  func write(_ bytes: UnsafeRawBufferPointer, until deadline: ContinuousClock.Instant) throws(RedisError) {
    var rest = bytes
    while !rest.isEmpty {
      if let tls {
        let count = try finish(until: deadline, Self.command) { tls.write(rest) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        continue
      }
      let count = send(descriptor, rest.baseAddress, rest.count, CInt(MSG_NOSIGNAL))
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else {
        try afterFailure(errno, waitingFor: .write, until: deadline)
      }
    }
  }

  private func afterFailure(
    _ code: CInt, waitingFor direction: Interrupt.Direction, until deadline: ContinuousClock.Instant
  ) throws(RedisError) {
    if code == EINTR { return }
    guard code == EAGAIN else { throw .connection("the connection was lost: \(Self.reason(code))") }
    try wait(for: direction, until: deadline, direction == .read ? Self.answer : Self.command)
  }

  /// Takes a step of TLS until it is done, waiting for the socket in between.
  private func finish(
    until deadline: ContinuousClock.Instant, _ what: String, _ step: () -> TLSConnection.Step
  ) throws(RedisError) -> Int {
    while true {
      switch step() {
      case .done(let count): return count
      case .waitToRead: try wait(for: .read, until: deadline, what)
      case .waitToWrite: try wait(for: .write, until: deadline, what)
      case .failed(let error): throw error
      }
    }
  }

  private static let answer = "waiting for an answer"
  private static let command = "sending a command"

  private func wait(
    for direction: Interrupt.Direction, until deadline: ContinuousClock.Instant, _ what: String
  ) throws(RedisError) {
    switch interrupt.wait(for: direction, on: descriptor, until: deadline) {
    case .ready: return
    case .timedOut: throw .timedOut(what)
    case .interrupted: throw .cancelled
    }
  }

  private static func reason(_ code: CInt) -> String { String(cString: strerror(code)) }
}
