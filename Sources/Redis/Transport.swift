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

  /// Connects within the limit, trying each address that a host name has.
  ///
  /// - Parameter tls: what to encrypt with; `nil` sends in the clear.
  static func connect(
    to place: RedisAddress.Place, tls: TLSContext?, within limit: Duration, _ interrupt: Interrupt
  ) throws(RedisError) -> Transport {
    let deadline = ContinuousClock.now + limit
    switch place {
    case .unix(let path):
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      return try withUnsafeBytes(of: &address) { (bytes: UnsafeRawBufferPointer) throws(RedisError) in
        try open(AF_UNIX, bytes, called: path, until: deadline, interrupt)
      }
    case .tcp(let host, let port):
      var transport = try connect(host: host, port: port, until: deadline, interrupt)
      if let tls { try transport.encrypt(with: tls, to: host, until: deadline) }
      return transport
    }
  }

  /// Shakes hands; from then on every byte is encrypted.
  private mutating func encrypt(
    with context: TLSContext, to host: String, until deadline: ContinuousClock.Instant
  ) throws(RedisError) {
    let tls = try TLSConnection(context, over: descriptor, to: host)
    _ = try finish(until: deadline, "the TLS handshake; does it speak TLS on this port?") { tls.shakeHands() }
    self.tls = tls
  }

  private static func connect(
    host: String, port: Int, until deadline: ContinuousClock.Instant, _ interrupt: Interrupt
  ) throws(RedisError) -> Transport {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &found)
    guard code == 0 else {
      throw .connection("the name \(host) cannot be resolved: \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(found) }
    var failure = RedisError.connection("\(host) has no address")
    var next = found
    while let address = next?.pointee {
      next = address.ai_next
      do {
        let bytes = UnsafeRawBufferPointer(start: address.ai_addr, count: Int(address.ai_addrlen))
        var transport = try open(address.ai_family, bytes, called: "\(host):\(port)", until: deadline, interrupt)
        transport.interrupt = interrupt
        transport.keepAlive()
        return transport
      } catch {
        failure = error
        if error == .cancelled { break }
      }
    }
    throw failure
  }

  private static func open(
    _ family: CInt, _ address: UnsafeRawBufferPointer, called name: String,
    until deadline: ContinuousClock.Instant, _ interrupt: Interrupt
  ) throws(RedisError) -> Transport {
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { throw .connection("no socket: \(reason(errno))") }
    let transport = Transport(adopting: descriptor)
    let started = Glibc.connect(
      descriptor, address.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
    // A Unix socket whose queue of waiting clients is full says EAGAIN.
    guard started == 0 || errno == EINPROGRESS else { throw .connection("connecting to \(name): \(reason(errno))") }
    if started != 0 {
      switch interrupt.wait(for: .write, on: descriptor, until: deadline) {
      case .ready: break
      case .timedOut: throw .timedOut("connecting to \(name)")
      case .interrupted: throw .cancelled
      }
      var code: CInt = 0
      var size = socklen_t(MemoryLayout<CInt>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
      guard code == 0 else { throw .connection("connecting to \(name): \(reason(code))") }
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
