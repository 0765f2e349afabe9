package import JobRuntime

// How moments and durations are written in tables and on pages. Programs get RFC 3339 and milliseconds instead
// (`--json`).

extension Timestamp {
  /// RFC 3339 in UTC, to the second: `2025-11-01T02:00:00Z`.
  package var toTheSecond: String {
    let past = microseconds % 1_000_000
    return Timestamp(microseconds: microseconds - (past < 0 ? past + 1_000_000 : past)).rfc3339
  }

  /// How long ago, in whole seconds: `3h 5m ago`, or `in 2m`.
  package func age(at now: Timestamp) -> String {
    self > now ? "in \((self - now).inWholeSeconds.short)" : "\((now - self).inWholeSeconds.short) ago"
  }

  /// How long ago, in whole seconds; none where a clock that is ahead has set it in the future.
  package func elapsed(at now: Timestamp) -> Duration { max(.zero, now - self).inWholeSeconds }

  /// Both: `2025-11-01T02:00:00Z (3h 5m ago)`.
  package func withAge(at now: Timestamp) -> String { "\(toTheSecond) (\(age(at: now)))" }
}

extension Duration {
  /// Finer parts are dropped: an age is read, not compared.
  package var inWholeSeconds: Duration { .seconds(components.seconds) }

  /// The two largest units: `41ms`, `2.5s`, `1m 5s`, `3h 5m`, `2d 4h`.
  package var short: String {
    let milliseconds = inMilliseconds
    guard milliseconds >= 0 else { return "-" + (.zero - self).short }
    if (1..<1000).contains(milliseconds) { return "\(milliseconds)ms" }
    let (seconds, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100)
    if seconds < 60 { return "\(seconds)" + (seconds < 10 && tenths > 0 ? ".\(tenths)" : "") + "s" }
    let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
    guard let large = units.firstIndex(where: { seconds >= $0.seconds }) else { return "0s" }
    let (first, second) = (units[large], units[large + 1])
    let rest = seconds % first.seconds / second.seconds
    return "\(seconds / first.seconds)\(first.name)" + (rest > 0 ? " \(rest)\(second.name)" : "")
  }
}
