/// Waits until a moment, or until the task is cancelled.
///
/// Sleeps in pieces: a cancelled `Task.sleep` stays queued until its end. A deadline may be an hour away, and a process
/// may do thousands of runs until then.
func pause(until end: ContinuousClock.Instant) async throws {
  while case let now = ContinuousClock.now, now < end { try await Task.sleep(until: min(end, now + .seconds(1))) }
  try Task.checkCancellation()
}
