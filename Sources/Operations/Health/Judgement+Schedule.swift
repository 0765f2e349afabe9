import JobRuntime

/// Whether runs start when they should.
extension Judgement {
  /// The runs that one expectation is compared with: those of its variants, of one shard.
  struct Line {
    let part: JobPart
    let period: Duration
    /// The newest first.
    let runs: [LedgerRun]
    /// When none of these could start: runs of the job's other variants held the lock, or the job was paused.
    let blocked: [Span]
  }

  func schedule(_ expectation: Expectation) -> [Trouble] {
    guard let period = expectation.period else { return [] }
    let ofJob = facts.runs.filter { isOf($0.part, expectation.instance, expectation.job) }
    let servers = Dictionary(grouping: ofJob.filter { isExpected($0, by: expectation) }, by: \.part.server)
    guard !servers.isEmpty else {
      return neverSeen(expectation, period).map { [$0] } ?? []
    }
    return servers.keys.sorted().flatMap { server -> [Trouble] in
      let own = servers[server] ?? []
      // A Redis whose runs had ended when those of another began has been replaced by it.
      let isReplaced = servers.contains { name, runs in
        name != server && own.first.map { self.isReplaced($0, by: Set(runs.map(\.part))) } ?? true
      }
      return isReplaced
        ? [] : schedule(expectation, period, own: own, of: ofJob.filter { $0.part.server == server })
    }
  }

  /// - Parameters:
  ///   - own: the runs that the expectation is for, of one Redis, the newest first.
  ///   - all: those and all other runs of the job.
  private func schedule(
    _ expectation: Expectation, _ period: Duration, own: [LedgerRun], of all: [LedgerRun]
  ) -> [Trouble] {
    guard let newest = own.first else { return [] }
    let patience = period + settings.grace
    let count = newest.shardCount
    let current = Dictionary(grouping: own.filter { $0.shardCount == count }, by: \.part.shard)
    let others = Dictionary(grouping: all.filter { !isExpected($0, by: expectation) }, by: \.part.shard)
    let first = own.last { $0.shardCount == count } ?? newest
    return (0..<count).flatMap { shard -> [Trouble] in
      var part = part(of: expectation)
      (part.shard, part.server) = (shard, newest.part.server)
      guard let runs = current[shard] else {
        guard now - first.startedAt > patience else { return [] }
        return [
          Trouble(
            part: part, kind: .missed, since: first.startedAt,
            message:
              "shard \(shard) of \(count) was never started; others were, \(newest.startedAt.withAge(at: now)). Are all indexes scheduled?"
          )
        ]
      }
      let blocked = (others[shard] ?? []).compactMap(span) + pauses(of: part)
      let line = Line(part: part, period: period, runs: runs, blocked: blocked)
      return [missed(line) ?? late(line), tooOften(line)].compactMap(\.self)
    }
  }

  func part(of expectation: Expectation) -> JobPart {
    JobPart(
      instance: expectation.instance ?? settings.instance, job: expectation.job, variant: expectation.variant ?? "")
  }

  /// Whether an expectation is for a run.
  ///
  /// A one-off run neither keeps a schedule nor breaks it.
  private func isExpected(_ run: LedgerRun, by expectation: Expectation) -> Bool {
    !run.isOnce
      && best(settings.expectations.filter { isOf(run.part, $0.instance, $0.job) }, for: run.part.variant)
        == expectation
  }

  /// Whether it is too long since a moment, not counting the time in which nothing could start.
  ///
  /// A slot that falls into such a time is lost, and the next may be a whole period away: so the time is counted from
  /// the end of a blockage that lasted longer than the grace. But only for two periods: a run that keeps a job out of
  /// all its slots is no excuse.
  ///
  /// - Parameter own: the run of that moment; one that took as long as a period kept its successors out.
  private func isOverdue(_ line: Line, since moment: Timestamp, own: LedgerRun? = nil) -> Bool {
    let period = line.period
    let held = [own.flatMap(span)].compactMap(\.self).filter { $0.end - $0.start > period - settings.grace }
    let spans = line.blocked + held
    let lasting = spans.filter { $0.end - $0.start > settings.grace }.map(\.end).max()
    return spans.free(from: max(moment, lasting ?? moment), to: now) > period + settings.grace
      || spans.free(from: moment, to: now) > period * 2 + settings.grace
  }

  private func missed(_ line: Line) -> Trouble? {
    guard let newest = line.runs.first, !isAlive(newest), isOverdue(line, since: newest.startedAt, own: newest) else {
      return nil
    }
    let period = DurationText.format(line.period)
    return Trouble(
      part: line.part, kind: .missed, since: newest.startedAt + line.period,
      message:
        "nothing was started since \(newest.startedAt.withAge(at: now)); one run every \(period) is expected. Is the schedule suspended, or can its platform start nothing (image, quota, nodes)? A run that ends before it has a row (settings 78, privileges 77, servers out of reach 69) is not seen here either: its exit code and its log say why. The next run does what was missed"
    )
  }

  private func late(_ line: Line) -> Trouble? {
    guard let newest = line.runs.first else { return nil }
    let period = line.period
    guard let last = line.runs.first(where: \.isGood) else {
      guard let first = line.runs.last, isOverdue(line, since: first.startedAt), !mayMakeIt(newest, line) else {
        return nil
      }
      return Trouble(
        part: line.part, kind: .late, since: first.startedAt + period,
        message:
          "no run has succeeded yet; the first known one started \(first.startedAt.withAge(at: now)). \(Self.look(newest))"
      )
    }
    if isOverdue(line, since: last.startedAt, own: last), !mayMakeIt(newest, line) {
      let age = last.startedAt.withAge(at: now)
      let cause =
        newest.status == .running
        ? "Run \(newest.id) has been running since \(newest.startedAt.toTheSecond), and none starts beside it"
        : Self.look(newest)
      return Trouble(
        part: line.part, kind: .late, since: last.startedAt + period,
        message:
          "the last success began \(age); one every \(DurationText.format(period)) is expected. \(cause)")
    }
    return lateStart(line, newest)
  }

  /// Whether a run that began in time is still running.
  private func mayMakeIt(_ newest: LedgerRun, _ line: Line) -> Bool {
    isAlive(newest) && !isOverdue(line, since: newest.startedAt)
  }

  private static func look(_ run: LedgerRun) -> String {
    run.status == .running
      ? "Run \(run.id) is recorded as running: oneshot run \(run.id)"
      : "Run \(run.id) ended as \(run.status.rawValue)\(run.errorKind.map { " (\($0))" } ?? ""): oneshot run \(run.id)"
  }

  /// A newest run that its platform started long after its slot: reported for a period, a day at most.
  ///
  /// A retry, and a run that an operator requested for an older slot, are late for good reasons.
  private func lateStart(_ line: Line, _ newest: LedgerRun) -> Trouble? {
    guard newest.scheduledBy != "clock", !newest.isForced, newest.attempt == 1,
      !line.runs.contains(where: { $0.scheduledAt > newest.scheduledAt }),
      now - newest.startedAt <= min(line.period, .days(1))
    else { return nil }
    let start = newest.scheduledAt + settings.grace
    let spans = line.blocked + line.runs.compactMap(span)
    guard spans.free(from: newest.scheduledAt, to: newest.startedAt) > settings.grace else { return nil }
    return Trouble(
      part: line.part, kind: .late, since: start,
      message:
        "the run for \(newest.scheduledAt.toTheSecond) started \((newest.startedAt - newest.scheduledAt).short) after its slot. Does the platform lack room, or take long to fetch the image?"
    )
  }

  private func tooOften(_ line: Line) -> Trouble? {
    let period = line.period
    let slots = line.runs.filter(\.isGood).slots.prefix(6)
    guard slots.count == 6, let first = slots.last else { return nil }
    let gaps = slots.gaps
    guard let gap = gaps.median, gap * 4 < period * 3, gaps[0] * 4 < period * 3 else { return nil }
    // A job that has become rarer since then no longer runs too often: at most one of the gaps was as long as the
    // newest one, or as the time since then.
    let ordinary = gaps.sorted()[3] + settings.grace
    guard gaps[0] <= ordinary, now - slots[0] <= ordinary else { return nil }
    return Trouble(
      part: line.part, kind: .tooOften, since: first,
      message:
        "the last six successes came \(gap.short) apart, where \(DurationText.format(period)) is expected: look for a second schedule, or one that is not what HEALTH_EXPECT says"
    )
  }
}
