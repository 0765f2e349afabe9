import Foundation

/// A TCP proxy on 127.0.0.1 between a binary and a server, which harms the conversation as its rule says.
///
/// The rule is asked for every piece of bytes that comes from either side, and may be changed at any time.
/// Each connection has a thread of its own, so a rule may take its time: it may restart the server. The
/// proxy lives until `close()`.
package final class Proxy: Sendable {
  package enum Upstream: Sendable {
    case unix(path: String)
    case tcp(port: Int)
  }

  package enum Direction: Sendable, Hashable { case toServer, toClient }

  /// How a connection ends: orderly, or by a reset where the protocol knows one.
  package enum Ending: Sendable, CaseIterable { case close, reset }

  /// What becomes of a piece.
  package enum Verdict: Sendable {
    case pass
    /// Something is done once the piece has been forwarded.
    case passThen(@Sendable () -> Void)
    /// So many bytes of the piece are still forwarded, then both sides are cut off.
    case cut(after: Int = 0, Ending = .close)
    /// So many bytes are still forwarded, then nothing of either direction until `release()`; nobody is told.
    case hold(after: Int = 0)
    case delay(Duration)
    /// Other bytes go on in the place of the piece.
    case replace(with: [UInt8])
  }

  /// Bytes as they came from one side.
  ///
  /// A connection begins with an empty piece to the server, before the server is contacted.
  package struct Piece: Sendable {
    /// The connection's number, from 1.
    package let connection: Int
    package let direction: Direction
    /// How many bytes of this direction came before.
    package let offset: Int
    package let bytes: [UInt8]
    /// What the other side said last.
    package let previous: [UInt8]

    package var isOpening: Bool { bytes.isEmpty }

    package func contains(_ text: String) -> Bool { Self.contains(text, in: bytes) }

    /// Whether it comes from the server, after a piece of the client with the text.
    package func answers(_ text: String) -> Bool { direction == .toClient && Self.contains(text, in: previous) }

    /// By the C library: a search in a collection of bytes takes its time when it is built for debugging.
    private static func contains(_ text: String, in bytes: [UInt8]) -> Bool {
      let wanted = Array(text.utf8)
      guard let first = wanted.first else { return true }
      return bytes.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while rest.count >= wanted.count, let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress,
          let found = memchr(start, Int32(first), rest.count - wanted.count + 1)
        {
          if memcmp(found, wanted, wanted.count) == 0 { return true }
          rest = rest.dropFirst(UnsafeRawPointer(found) - start + 1)
        }
        return false
      }
    }
  }

  package typealias Rule = @Sendable (Piece) -> Verdict

  /// Where to connect to instead of the server.
  package let port: Int

  private let upstream: Upstream
  private let listener: Int32
  private let changed = NSCondition()
  // Both only under `changed`.
  private nonisolated(unsafe) var state: State
  private nonisolated(unsafe) var sockets: Set<Int32> = []

  private struct State {
    var rule: Rule
    var pieces: [Piece] = []
    var connections = 0
    var releases = 0
    var isClosed = false
  }

  package init(to upstream: Upstream, rule: @escaping Rule = { _ in .pass }) throws {
    self.upstream = upstream
    state = State(rule: rule)
    (listener, port) = try Socket.listen()
    Thread.detachNewThread { self.acceptAll() }
  }

  /// What the test decides from now on, for the connections that are open too.
  package var rule: Rule {
    get { locked { $0.rule } }
    set { locked { $0.rule = newValue } }
  }

  /// All that was said so far, in the order in which it came.
  package var conversation: [Piece] { locked { $0.pieces } }

  package var connections: Int { locked { $0.connections } }

  package func bytes(_ direction: Direction) -> Int {
    conversation.filter { $0.direction == direction }.reduce(0) { $0 + $1.bytes.count }
  }

  /// Lets what was held go on.
  package func release() { locked { $0.releases += 1 } }

  /// Ends every connection, and takes no more.
  package func close() {
    locked { state in
      guard !state.isClosed else { return }
      state.isClosed = true
      for socket in sockets.union([listener]) { shutdown(socket, Int32(SHUT_RDWR)) }
    }
  }

  @discardableResult
  private func locked<Value>(_ body: (inout State) -> Value) -> Value {
    changed.lock()
    defer {
      changed.broadcast()
      changed.unlock()
    }
    return body(&state)
  }

  // MARK: Its threads

  private func acceptAll() {
    while let client = Socket.accept(listener) {
      let number = locked { state in
        state.connections += 1
        return state.connections
      }
      Thread.detachNewThread { self.serve(client, number) }
    }
    Foundation.close(listener)
  }

  private func serve(_ client: Int32, _ number: Int) {
    var server: Int32?
    var ending = Ending.close
    register(client)
    if forward(Piece(connection: number, direction: .toServer, offset: 0, bytes: [], previous: []), to: nil, &ending) {
      server = Socket.connect(upstream)
      if let server {
        register(server)
        converse(client, server, number, &ending)
      }
    }
    for socket in [client, server].compactMap({ $0 }) {
      locked { _ in sockets.remove(socket) }
      Socket.end(socket, ending)
    }
  }

  /// A connection that comes while everything ends must end too.
  private func register(_ socket: Int32) {
    locked { state in
      sockets.insert(socket)
      if state.isClosed { shutdown(socket, Int32(SHUT_RDWR)) }
    }
  }

  private func converse(_ client: Int32, _ server: Int32, _ number: Int, _ ending: inout Ending) {
    var offsets: [Direction: Int] = [:]
    var last: [Direction: [UInt8]] = [:]
    while true {
      for socket in Socket.readable(client, server) {
        let direction = socket == client ? Direction.toServer : .toClient
        guard let bytes = Socket.read(socket) else { return }
        let piece = Piece(
          connection: number, direction: direction, offset: offsets[direction, default: 0], bytes: bytes,
          previous: last[direction == .toServer ? .toClient : .toServer, default: []])
        offsets[direction, default: 0] += bytes.count
        last[direction] = bytes
        guard forward(piece, to: socket == client ? server : client, &ending) else { return }
      }
    }
  }

  /// - Returns: whether the connection goes on.
  private func forward(_ piece: Piece, to socket: Int32?, _ ending: inout Ending) -> Bool {
    let rule = locked { state in
      state.pieces.append(piece)
      return state.rule
    }
    func send(_ bytes: some Collection<UInt8>) -> Bool { socket.map { Socket.write(Array(bytes), to: $0) } ?? true }
    switch rule(piece) {
    case .pass: return send(piece.bytes)
    case .replace(let bytes): return send(bytes)
    case .passThen(let action):
      guard send(piece.bytes) else { return false }
      action()
      return true
    case .cut(let count, let how):
      ending = how
      _ = send(piece.bytes.prefix(count))
      return false
    case .hold(let count):
      guard send(piece.bytes.prefix(count)), waitForRelease() else { return false }
      return send(piece.bytes.dropFirst(count))
    case .delay(let duration):
      // The only sleep there is: the fault itself.
      usleep(UInt32(duration / .microseconds(1)))
      return send(piece.bytes)
    }
  }

  /// - Returns: whether it was released, and not closed.
  private func waitForRelease() -> Bool {
    changed.lock()
    defer { changed.unlock() }
    let before = state.releases
    while state.releases == before, !state.isClosed { changed.wait() }
    return !state.isClosed
  }
}
