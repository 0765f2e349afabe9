import JobRuntime
import Redis

/// How a shard finds its counters, and the name of that in the progress.
enum Reading: Sendable, Equatable {
  /// It reads all keys and takes those of its merchants: where there is one shard, in a cluster, with few keys, and on
  /// a server whose cursors cannot be relied on as places.
  case byMerchant
  /// It reads its share of the keys of one server, in one life of it, and takes all of them.
  case shared(life: String, ScanShare)

  /// The value of `oneshot.usage_days.reading`: a day is completed for runs that read in the same way.
  var name: String { if case .shared(let life, _) = self { life } else { "" } }

  var share: ScanShare { if case .shared(_, let share) = self { share } else { .whole } }

  /// With fewer keys sharing is not worth it, and the hash table may have too few buckets.
  static let fewestKeys = 65_536
}

extension UsageAggregation {
  /// How this shard reads now.
  ///
  /// Queries Redis, unless it is the only shard.
  func reading(_ run: JobRun) async throws -> Reading {
    guard !run.shard.isWhole, run.shard.count <= ScanShare.places else { return .byMerchant }
    let primaries = try await run.redisPrimaries()
    guard let server = primaries.first, primaries.count == 1, !server.holdsShare,
      let life = try await run.life(of: server),
      try await run.redis(on: server, { session in try Self.hasPlaces(&session) })
    else { return .byMerchant }
    return .shared(life: life, ScanShare(run.shard.index, of: run.shard.count))
  }

  /// Checks that keys were read in the server's life that the progress will name.
  ///
  /// - Throws: a transient error: the keys have to be read again.
  func checkSameLife(since reading: Reading, _ run: JobRun) async throws {
    guard case .shared(let life, _) = reading else { return }
    if let server = try await run.redisPrimaries().first, try await run.life(of: server) == life { return }
    throw RedisError.connection("Redis was started again, or another one took its place, while its keys were read")
  }

  /// Whether a server's cursors are places of `ScanShare`: nothing follows the last place, and the highest bit of a
  /// cursor has no meaning.
  ///
  /// Proxies that read several servers behind one address keep the server's number in that bit.
  private static func hasPlaces(_ session: inout RedisSession) throws -> Bool {
    let answers = try session.pipeline([
      RedisRead(.dbsize), RedisRead(.scan, "\(UInt64.max)", "COUNT", "1"),
      RedisRead(.scan, "\(UInt64(1) << 63)", "COUNT", "1"),
    ])
    guard let keys = answers[0].integer, keys >= Reading.fewestKeys else { return false }
    let cursors = answers.dropFirst().map { $0.elements.first?.text }
    guard cursors[0] == "0", let second = cursors[1].flatMap({ UInt64($0) }) else { return false }
    return second > 0 && second < 1 << 48
  }
}
