import Redis

extension JobRun {
  /// Gives shared keys that have no time to live this one; those that have one, or are gone, stay as they are.
  ///
  /// The one write to shared keys beside `publish`. It is not fenced: a run that was overtaken changes nothing by it that
  /// the newer one would not. In a dry run nothing is done.
  ///
  /// - Parameters:
  ///   - life: in whole seconds.
  ///   - primaries: all that hold the keys.
  public func expire(_ keys: [String], after life: Duration, on primaries: [RedisPrimary]) async throws {
    guard leadership != nil, !isDryRun else { return }
    let commands = keys.map { RedisCommand("EXPIRE", $0, "\(life.inMilliseconds / 1000)", "NX") }
    // In a cluster every primary is asked; only the one that owns a key does it, the others point to it.
    for primary in primaries {
      try await redis(on: primary) { session in
        for case .error(let code, let message) in try session.pipeline(commands) {
          guard primary.holdsShare && code == "MOVED" else { throw RedisError.server(code: code, message: message) }
        }
      }
    }
  }
}
