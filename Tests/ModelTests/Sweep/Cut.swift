import Synchronization
import TestSupport

/// Where a stream ends: after one byte of one conversation of a job's run.
struct Cut: Sendable, CustomStringConvertible {
  enum Server: String, CaseIterable { case postgres, redis }

  var conversation: Conversation
  var server: Server
  var direction: Proxy.Direction
  /// `nil` is every connection: the server never gets beyond this byte.
  var connection: Int?
  var byte: Int

  private var ending: Proxy.Ending { byte.isMultiple(of: 2) ? .close : .reset }

  /// The stream that is cut, for progress.
  var stream: String {
    let connection = connection.map { "connection \($0)" } ?? "every connection"
    return "\(conversation), \(server), \(connection), \(direction)"
  }

  var description: String { "\(stream), \(ending) after byte \(byte)" }

  /// A proxy that ends the stream there.
  ///
  /// - Parameter isMade: is told when it has.
  func proxy(before place: Place, isMade: Flag) throws -> Proxy {
    let cut = self
    return try Proxy(to: server.upstream(of: place.servers)) { piece in
      guard piece.direction == cut.direction, piece.connection == cut.connection ?? piece.connection,
        piece.offset + piece.bytes.count >= cut.byte, piece.offset <= cut.byte
      else { return .pass }
      isMade.raise()
      return .cut(after: cut.byte - piece.offset, cut.ending)
    }
  }

  /// What became of it.
  struct Verdict: Sendable {
    var exitCode: Int32
    /// Whether the run got as far as there.
    var isMade: Bool
    /// What the contract says otherwise.
    var breaches: [String]
  }

  /// Something that has happened, or not.
  final class Flag: Sendable {
    private let value = Atomic(false)
    var isRaised: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
  }
}

extension Cut.Server {
  func upstream(of servers: PrivateServers) -> Proxy.Upstream {
    self == .postgres ? servers.postgresSocket : servers.redisSocket
  }
}

extension Cut {
  /// The places at which the streams of an undisturbed run can end: every byte, or some that are likely to matter.
  ///
  /// - Parameter everyByte: if not, next to where one side stops speaking, and some between.
  static func all(of conversation: Conversation, everyByte: Bool) async throws -> [Cut] {
    var cuts: [Cut] = []
    for server in Server.allCases {
      let streams = try await conversation.streams(to: server)
      for (stream, ends) in streams.sorted(by: { $0.key < $1.key }) {
        cuts += bytes(ends, everyByte).map {
          Cut(
            conversation: conversation, server: server, direction: stream.direction, connection: stream.connection,
            byte: $0)
        }
      }
      // Of all connections the longest says how far the server can get.
      for direction in [Proxy.Direction.toServer, .toClient] {
        let longest = streams.filter { $0.key.direction == direction }.values.max { ($0.last ?? 0) < ($1.last ?? 0) }
        cuts += bytes(longest ?? [], everyByte).map {
          Cut(conversation: conversation, server: server, direction: direction, connection: nil, byte: $0)
        }
      }
    }
    return cuts
  }

  /// - Parameter ends: of each piece, how many bytes there are up to its end.
  private static func bytes(_ ends: [Int], _ everyByte: Bool) -> [Int] {
    let length = ends.last ?? 0
    let bytes =
      everyByte
      ? Set(0...length)
      : Set(ends.flatMap { [$0 - 1, $0, $0 + 1] } + (0..<40).map { _ in Int.random(in: 0...length) })
    return bytes.filter { (0...length).contains($0) }.sorted()
  }
}
