package import Redis

extension RedisConnection {
  /// Does the same on every primary of a cluster, or on the single server.
  ///
  /// - Returns: the result of each. A server of a cluster may be visited twice.
  package func onEachServer<Value: Sendable>(
    _ body: @Sendable (inout RedisSession) throws -> Value
  ) async throws -> [Value] {
    let topology = try await topology()
    var values = [try await withSession(followingMoves: false) { session in try body(&session) }]
    for address in topology.primaries where topology.isCluster {
      let primary = RedisConnection(address, clientName: "oneshot")
      do {
        values.append(try await primary.withSession(followingMoves: false) { session in try body(&session) })
        await primary.close()
      } catch {
        await primary.close()
        throw error
      }
    }
    return values
  }
}

extension RedisSession {
  /// Looks for keys of a pattern, a page at a time; a key may come more than once.
  package mutating func forEachPage(
    ofKeys pattern: String, _ body: (inout RedisSession, [String]) throws -> Void
  ) throws {
    var cursor = "0"
    repeat {
      let page = try command(RedisCommand("SCAN", cursor, "MATCH", pattern, "COUNT", "1000")).elements
      cursor = page.first?.text ?? "0"
      try body(&self, (page.last?.elements ?? []).compactMap(\.text))
    } while cursor != "0"
  }
}
