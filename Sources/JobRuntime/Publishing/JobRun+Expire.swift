import Redis

extension JobRun {
  /// Gives this time to live to shared keys that have none; those that have one, or are gone, stay as they are.
  ///
  /// The one write to shared keys beside `publish`. It is not fenced: a run that was overtaken changes nothing by it that
  /// the newer one would not. In a dry run nothing is done.
  ///
  /// - Parameters:
  ///   - life: in whole seconds.
  ///   - primaries: all primaries that hold the keys.
  public func expire(_ keys: [String], after life: Duration, on primaries: [RedisPrimary]) async throws {
    guard leadership != nil, !isDryRun else { return }
    let commands = keys.map { RedisCommand("EXPIRE", $0, "\(life.inMilliseconds / 1000)", "NX") }
    // In a cluster every primary gets the command; only the one that owns a key carries it out, the others point to it.
    for primary in primaries {
      try await redis(on: primary) { session in
        for case .error(let code, let message) in try session.pipeline(commands) {
          guard primary.holdsShare && code == "MOVED" else { throw RedisError.server(code: code, message: message) }
        }
      }
    }
  }
}
