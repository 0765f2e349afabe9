import Glibc
import Synchronization

extension JobFixture {
  /// Starts a run and kills it with -9 between two of the pieces that it and its servers send each other: before or after
  /// any statement, any command, any answer.
  ///
  /// - Parameters:
  ///   - number: the piece, counted over both servers and both directions.
  ///   - arrives: whether it still gets to whom it is for.
  /// - Returns: whether the run had not ended by then.
  package func kill(
    _ settings: [String: String], atPiece number: Int, arrives: Bool
  ) async throws -> Bool {
    let counter = PieceCounter()
    let rule: Proxy.Rule = { piece in
      guard !piece.isOpening else { return .pass }
      let place = counter.count()
      return place < number ? .pass : .hold(after: place == number && arrives ? piece.bytes.count : 0)
    }
    let (postgres, redis) = (
      try Proxy(to: place.servers.postgresSocket, rule: rule), try Proxy(to: place.servers.redisSocket, rule: rule)
    )
    defer {
      postgres.close()
      redis.close()
    }
    let servers = place.environment(postgres: postgres, redis: redis)
    let run = try Self.binary.start([], environment(settings).merging(servers) { $1 })
    try await eventually { counter.counted >= number || !run.isRunning }
    guard run.isRunning else {
      let ended = await run.outcome()
      // A run that has failed by itself (its lock lapsed, on a machine that stood still) leaves its work to the next one.
      guard [0, 65].contains(ended.exitCode) else {
        throw TestFailure("a run that nobody killed ended with \(ended.exitCode): \(ended.output)\(ended.errors)")
      }
      return false
    }
    run.send(SIGKILL)
    _ = await run.outcome()
    postgres.close()
    redis.close()
    try await endOfKilled()
    return true
  }
}

private final class PieceCounter: Sendable {
  private let pieces = Atomic<Int>(0)

  var counted: Int { pieces.load(ordering: .relaxed) }

  /// - Returns: the piece's number, from 1.
  func count() -> Int { pieces.add(1, ordering: .relaxed).newValue }
}
