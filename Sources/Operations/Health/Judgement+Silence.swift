import BlockingIO
import JobRuntime

/// Jobs without an expectation that ran regularly until they stopped.
extension Judgement {
  /// How many of its usual gaps a job may be silent for.
  static let silentGaps = 5

  /// The trouble of a job that has stopped running, which must not be shown as healthy.
  ///
  /// How often it should run is not guessed: the trouble ends with the next run, or with an expectation of any period.
  func silent(_ part: HealthPart) -> Trouble? {
    guard expectation(of: part) == nil, let newest = part.newest, !isAlive(newest),
      now - newest.startedAt <= HealthFacts.remembered,
      let gap = part.usualGap
    else { return nil }
    let others = (byLock[part.part.ofLock] ?? []).filter { $0.part != part.part }
    // Work that continues under another name, with another Redis or with other shares has not stopped.
    let sameWork = parts.map(\.part).filter {
      $0 != part.part && ($0.instance, $0.job) == (part.part.instance, part.part.job)
    }
    guard now - newest.startedAt > gap * Self.silentGaps + settings.grace, !isReplaced(newest, by: sameWork) else {
      return nil
    }
    let spans = others.flatMap { $0.runs.compactMap(span) } + pauses(of: part.part)
    let silence = spans.free(from: span(of: newest)?.end ?? newest.startedAt, to: now)
    guard silence > gap * Self.silentGaps + settings.grace else { return nil }
    let name = part.part.withoutInstance(settings.instance).description
    return Trouble(
      part: part.part, kind: .silent, since: newest.startedAt + gap,
      message:
        "nothing was started since \(newest.startedAt.withAge(at: now)), and before that a run came every \(gap.short). Is its schedule suspended or gone, or can its platform start nothing? HEALTH_EXPECT declares how often it should run: \(name)=PERIOD; or \(name)=never, if it is no longer needed"
    )
  }
}

extension HealthPart {
  /// The time between two slots of its schedule, from its newest runs; `nil` where they are too few.
  var usualGap: Duration? {
    let gaps = runs.prefix(HealthFacts.newest).filter { $0.attempt == 1 }.slots.gaps
    return gaps.count >= Judgement.shortestHistory ? gaps.median : nil
  }
}

extension Sequence<LedgerRun> {
  /// The moments for which a schedule started runs, as far as that is known, the newest first.
  ///
  /// Runs that were started by hand, forced or one-off are left out; so are, where a platform passes slots, runs
  /// without a slot.
  var slots: [Timestamp] {
    let own = filter { !$0.isByHand && !$0.isForced && !$0.isOnce }
    let hasSlots = own.contains { $0.scheduledBy != "clock" }
    let moments = own.filter { !hasSlots || $0.scheduledBy != "clock" }.map { hasSlots ? $0.scheduledAt : $0.startedAt }
    return Set(moments).sorted(by: >)
  }
}

extension Collection<Timestamp> {
  /// The time between each moment and the one before it; the newest moment is first.
  var gaps: [Duration] { zip(self, dropFirst()).map { $0 - $1 } }
}
