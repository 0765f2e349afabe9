public import JobRuntime
import Redis

extension Stream {
  /// Removes entries that are older than a moment and that are no longer needed: this group has handled them, and every
  /// other group of the stream has acknowledged them.
  ///
  /// - Parameter position: the last entry whose outcome is committed.
  /// - Returns: how many were removed. Redis removes whole nodes (of 100 entries by default), so a few may stay.
  public func trim(before moment: Timestamp, handledUpTo position: StreamID) async throws -> Int {
    guard moment.microseconds > 0 else { return 0 }
    let (key, bound) = (key, min(StreamID(milliseconds: UInt64(moment.microseconds / 1000)), position))
    return try await attempt { session in
      var bound = bound
      let groups = try session.command(RedisCommand("XINFO", "GROUPS", key)).elements.map(\.members)
      for group in groups {
        guard let name = group["name"]?.text, let delivered = group["last-delivered-id"]?.text.flatMap(StreamID.init)
        else { return 0 }
        bound = min(bound, delivered)
        guard group["pending"]?.integer != 0 else { continue }
        let pending = try session.command(RedisCommand("XPENDING", key, name)).elements
        if pending.count > 1, let first = pending[1].text.flatMap(StreamID.init) { bound = min(bound, first) }
      }
      var removed = 0
      while true {
        let now =
          try session.command(RedisCommand("XTRIM", key, "MINID", "~", "\(bound)", "LIMIT", "10000")).integer ?? 0
        removed += Int(now)
        guard now > 0 else { return removed }
      }
    }
  }
}
