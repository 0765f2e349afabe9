import JobRuntime

/// A time in which a run could not start: another held the lock, or the job was paused.
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
  /// The time in which the job was paused.
  func pauses(of part: JobPart) -> [Span] {
    facts.pauses.filter { isOf(part, $0.instance, $0.job) }
      .map { Span(start: $0.start, end: Swift.min($0.end, now)) }.filter { $0.end > $0.start }
  }

  func isPaused(_ part: JobPart) -> Bool { paused.contains { isOf(part, $0.instance, $0.job) } }

  /// The jobs that are paused now, of the installations that are judged.
  package var paused: [JobPause] { facts.pauses.filter { $0.end > now && scope.contains($0.instance) } }

  /// The requested runs that have not been, of the installations that are judged.
  package var requested: [RunRequest] { facts.requests.filter { scope.contains($0.instance) } }

  /// The time in which a run kept others out; `nil` where it died: the length is unknown.
  func span(of run: LedgerRun) -> Span? {
    guard run.errorKind != "abandoned", let end = run.finishedAt ?? (isAlive(run) ? now : nil) else { return nil }
    return Span(start: run.startedAt, end: end)
  }
}
