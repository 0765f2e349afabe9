import Glibc

/// HTTP/1.1 to a server on this machine: one request after the other, over one connection that is kept.
final class LoopbackHTTP {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  struct Response {
    var status: Int
    /// By lower-case names.
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// Whether the request was made twice.
    ///
    /// The first one may have arrived, too.
    var isOfSecond = false
  }

  private let address: HostAndPort
  private var descriptor: CInt = -1
  /// What has arrived and was not read yet.
  private var arrived: [UInt8] = []

  /// The most bytes that a head, and a body, may have.
  ///
  /// Lambda's payloads have at most 6 MB.
  private static let (longestHead, longestBody) = (1 << 16, 1 << 23)

  init(_ address: HostAndPort) { self.address = address }

  deinit { disconnect() }

  /// Sends a request and waits for its answer, without limit: Lambda's next event may come hours later.
  ///
  /// A connection that was kept may have been closed meanwhile; the request is then made once more, over a new one.
  func send(
    _ method: String, _ path: String, _ headers: [(String, String)] = [], _ body: String? = nil
  ) throws(Failure) -> Response {
    let text = request(method, path, headers, body)
    let isKept = descriptor >= 0
    do { return try exchange(text) } catch {
      disconnect()
      guard isKept else { throw error }
    }
    do {
      var response = try exchange(text)
      response.isOfSecond = true
      return response
    } catch {
      disconnect()
      throw error
    }
  }

  /// Sends a request whose answer never comes, and leaves it there for as long as this object lives.
  func leave(_ method: String, _ path: String, _ headers: [(String, String)]) throws(Failure) {
    if descriptor < 0 { descriptor = try connected() }
    guard writeAll(request(method, path, headers), to: descriptor) else { throw lastError("sending") }
  }

  private func request(
    _ method: String, _ path: String, _ headers: [(String, String)], _ body: String? = nil
  ) -> String {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: \(address)\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
    return text + "\r\n" + (body ?? "")
  }

  private func exchange(_ text: String) throws(Failure) -> Response {
    if descriptor < 0 { descriptor = try connected() }
    guard writeAll(text, to: descriptor) else { throw lastError("sending") }
    var response: Response
    // 1xx is no answer yet.
    repeat { response = try head() } while (100..<200).contains(response.status)
    response.body = try body(of: response)
    if response.headers["connection"]?.lowercased() == "close" { disconnect() }
    return response
  }

  // MARK: Reading

  private func head() throws(Failure) -> Response {
    let first = try line().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard first.count >= 2, first[0].hasPrefix("HTTP/1."), first[1].utf8.count == 3, let status = Int(first[1]) else {
      throw Failure(description: "the answer is not HTTP/1.1")
    }
    var response = Response(status: status)
    var size = 0
    while true {
      let line = try line()
      if line.isEmpty { return response }
      size += line.utf8.count
      guard size <= Self.longestHead, let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
        throw Failure(description: "the answer's head is not HTTP/1.1")
      }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      response.headers[line[..<colon].lowercased()] = String(value)
    }
  }

  private func body(of response: Response) throws(Failure) -> [UInt8] {
    if response.status == 204 { return [] }
    if response.headers["transfer-encoding"]?.lowercased() == "chunked" { return try chunks() }
    guard let text = response.headers["content-length"], let length = Self.number(text, radix: 10) else {
      throw Failure(description: "the answer does not say how long it is")
    }
    return try bytes(length)
  }

  private func chunks() throws(Failure) -> [UInt8] {
    var body: [UInt8] = []
    while true {
      let size = try line().prefix { $0 != ";" }
      guard let length = Self.number(size, radix: 16), body.count + length <= Self.longestBody else {
        throw Failure(description: "a part of the answer does not say how long it is")
      }
      body += try bytes(length)
      // Behind the last part there may be more headers.
      if length == 0 { while try !line().isEmpty {} } else { _ = try line() }
      if length == 0 { return body }
    }
  }

  private static func number(_ text: some StringProtocol, radix: Int) -> Int? {
    guard let number = Int(text, radix: radix), number >= 0, number <= longestBody, !text.hasPrefix("+") else {
      return nil
    }
    return number
  }

  /// A line without its end.
  private func line() throws(Failure) -> String {
    var searched = 0
    while true {
      if let end = arrived[searched...].firstIndex(of: 0x0A) {
        let line = arrived[..<end]
        let text = String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
        arrived.removeFirst(end + 1)
        return text
      }
      searched = arrived.count
      guard searched <= Self.longestHead else { throw Failure(description: "the answer's head is too long") }
      try receive()
    }
  }

  private func bytes(_ count: Int) throws(Failure) -> [UInt8] {
    while arrived.count < count { try receive() }
    let bytes = Array(arrived[..<count])
    arrived.removeFirst(count)
    return bytes
  }

  private func receive() throws(Failure) {
    var count = 0
    let part = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, size in
      repeat { count = read(descriptor, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
      size = max(0, count)
    }
    guard count > 0 else {
      throw count == 0 ? Failure(description: "\(address) has closed the connection") : lastError("receiving")
    }
    arrived += part
  }

  // MARK: The connection

  private func connected() throws(Failure) -> CInt {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address.host, String(address.port), &hints, &found)
    guard code == 0, let first = found else {
      throw Failure(description: "\(address): \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(found) }
    let place = first.pointee
    let descriptor = socket(place.ai_family, place.ai_socktype | CInt(SOCK_CLOEXEC.rawValue), place.ai_protocol)
    guard descriptor >= 0 else { throw lastError("connecting") }
    guard connect(descriptor, place.ai_addr, place.ai_addrlen) == 0 else {
      defer { close(descriptor) }
      throw lastError("connecting")
    }
    return descriptor
  }

  private func disconnect() {
    if descriptor >= 0 { close(descriptor) }
    (descriptor, arrived) = (-1, [])
  }

  private func lastError(_ doing: String) -> Failure {
    Failure(description: "\(doing), \(address): \(String(cString: strerror(errno)))")
  }
}
