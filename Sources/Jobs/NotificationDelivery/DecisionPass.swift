import JobRuntime
import Postgres

/// One run's pass over its work, and what it has done so far.
struct DecisionPass: Sendable {
  private let settings: NotificationDelivery.Settings
  private let run: JobRun
  private let began = ContinuousClock.now
  private(set) var report = NotificationDelivery.Report()
  private var unknown: Set<String> = []
  private var busy = 0

  init(_ settings: NotificationDelivery.Settings, _ run: JobRun) { (self.settings, self.run) = (settings, run) }

  private var elapsed: Duration { began.duration(to: .now) }

  /// The run's scheduled time plus the time since its start: ages, limits and quiet hours are judged by it.
  private var moment: Timestamp { run.scheduledAt + elapsed }

  private var isOver: Bool { elapsed >= settings.time }

  /// Decides on all waiting notifications, a page at a time, until none is left or the time is over.
  mutating func carryOut(_ decision: Decision, hasLetters: Bool) async throws {
    var place: QueuePlace?
    repeat {
      place = QueuePlace()
      busy = 0
      while let from = place, !isOver {
        try Task.checkCancellation()
        let batch = Batch(
          decision: decision, moment: moment, limit: settings.batch, hasLetters: hasLetters, run: run)
        let outcome = try await run.transaction { tx in try batch.carryOut(after: from, tx) }
        add(outcome)
        place = outcome.next
        try run.checkpoint(report)
        run.log.progress("notifications", report.taken)
      }
    } while try await waits()
    warn()
    // Includes notifications of other shares: only the user decides to which share one belongs.
    let unread =
      if let place { try await run.read(place.leftOver()).only().value("notifications", as: Int.self) } else { 0 }
    report.behind = unread + busy
  }

  /// Counts what a run would do, and writes nothing.
  mutating func plan(_ decision: Decision) async throws -> NotificationDelivery.Report {
    var place: QueuePlace? = QueuePlace()
    while let from = place {
      try Task.checkCancellation()
      let page = try await run.read(from.page(limit: Self.planned))
      let ids: [String] = try page.map { try $0.value("notification_id") }
      guard let last = page.last else { break }
      var outcome = Outcome()
      try await outcome.add(run.read(decision.planning(ids, at: moment, for: run.shard).limited(to: run.timeLeft)))
      add(outcome)
      place =
        page.count < Self.planned
        ? nil : QueuePlace(queuedAt: try last.value("queued_at"), id: try last.value("notification_id"))
    }
    warn()
    return report
  }

  /// How many notifications a plan reads at once.
  private static let planned = 10_000

  private mutating func add(_ outcome: Outcome) {
    outcome.tallies.forEach { report.add($0) }
    unknown.formUnion(outcome.unknown)
    busy += outcome.busy
  }

  /// Waits a second for more notifications, if the run has to linger.
  ///
  /// - Returns: whether to look again.
  private func waits() async throws -> Bool {
    let left = min(settings.linger, settings.time) - elapsed
    guard left > .zero else { return false }
    try await Task.sleep(for: min(left, .seconds(1)))
    return true
  }

  private func warn() {
    guard !unknown.isEmpty else { return }
    run.log.warning(
      "categories without a row in oneshot.notification_categories use its defaults",
      ["categories": .array(unknown.sorted().prefix(20).map { .string($0) })])
  }
}
