import JobRuntime

/// A time in which a run held its lock, so that no other could start.
struct Span {
  var start: Timestamp
  var end: Timestamp
}

extension [Span] {
  /// How much of the time between two moments lies outside of all of them.
  func free(from start: Timestamp, to end: Timestamp) -> Duration {
    var free = end - start
    var reached = start
    for span in sorted(by: { $0.start < $1.start }) {
      let first = Swift.max(span.start, reached)
      let last = Swift.min(span.end, end)
      guard last > first else { continue }
      free -= last - first
      reached = last
    }
    return free
  }
}

extension Judgement {
  /// The time in which a run kept others out; `nil` where it died: the length is unknown.
  func span(of run: LedgerRun) -> Span? {
    guard run.errorKind != "abandoned", let end = run.finishedAt ?? (isAlive(run) ? now : nil) else { return nil }
    return Span(start: run.startedAt, end: end)
  }
}
