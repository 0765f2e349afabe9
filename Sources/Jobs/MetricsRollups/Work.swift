import JobRuntime
import Postgres

/// A run's way through its sources and levels.
struct Work {
  let settings: MetricsRollups.Settings
  let run: JobRun
  /// What a rebuild or a verification covers; without borders everything.
  let range: Range
  var report = MetricsRollups.Report()
  private(set) var sources: [Known] = []
  /// What is wrong with sources that are left out.
  private(set) var mistakes: [ItemFailure] = []
  /// Sources of which a wrong clock has closed hours that are yet to come.
  let ahead: [String]
  /// What keeps triggers from reporting what is changed.
  private(set) var untold: [Untold] = []
  private var covered: Window?
  /// Sources whose rebuild is written down, each with what it covers.
  private var rebuilding: [(source: String, key: String)] = []

  /// A source of which the server was asked.
  struct Known: Sendable {
    let source: Source
    let kind: Source.Kind
    let position: Position
    /// Whether its rollups are those of another time zone, or its position of another server.
    let isForeign: Bool
  }

  /// Looks at positions and sources, before anything else is written.
  ///
  /// - Parameter opensBorders: whether borders that are yet to come are brought back first.
  init(_ settings: MetricsRollups.Settings, _ run: JobRun, opensBorders: Bool) async throws {
    (self.settings, self.run) = (settings, run)
    let own = settings.sources.enumerated().filter { $0.offset % run.shard.count == run.shard.index }.map(\.element)
    let (range, read) = try await run.reading { session in
      let positions = try Position.read(own, session)
      guard settings.from != nil || settings.to != nil else { return (Range.whole, positions) }
      return (try Range(from: settings.from, to: settings.to, timezone: settings.timezone, session), positions)
    }
    self.range = range
    var positions = read
    ahead = positions.filter(\.value.isAhead).keys.sorted()
    if opensBorders, !ahead.isEmpty {
      try await Self.bringBackBorders(of: ahead, run)
      positions = try await run.reading { session in try Position.read(own, session) }
    }
    for source in own {
      guard let position = positions[source.name] else { continue }
      if settings.mode != .rebuild || !range.isWhole {
        try position.check(source.name, timezone: settings.timezone)
      } else {
        try position.checkRebuild(source.name, settings.granularities, timezone: settings.timezone)
      }
    }
    try await learn(own, positions)
    untold = try await run.reading { session in try Untold.find(for: own, session) }
  }

  /// Asks what each source is. A user's source that has a mistake in it is left out.
  private mutating func learn(_ asked: [Source], _ positions: [String: Position]) async throws {
    let timezone = settings.timezone
    (sources, mistakes) = try await run.snapshot { session in
      var known: [Known] = []
      var mistakes: [ItemFailure] = []
      for source in asked {
        guard let position = positions[source.name] else { continue }
        do {
          let kind = try source.kind(session)
          known.append(
            Known(
              source: try source.typed(in: timezone, session), kind: kind, position: position,
              isForeign: position.isForeign(to: timezone)))
        } catch let failure as SQLFile.Failure { mistakes.append(Self.failure(of: source, failure)) }
      }
      return (known, mistakes)
    }
  }

  /// Reports sources that are left out.
  mutating func tellMistakes() async throws {
    guard !mistakes.isEmpty else { return }
    let (run, mistakes) = (run, mistakes)
    let progress = settings.mode == .verify || run.isDryRun ? nil : progress.adding(mistakes)
    try await run.transaction { tx in
      try tx.reject(mistakes)
      if let progress { try tx.execute(progress.statement()) }
    }
    report.failed += mistakes.count
  }

  /// Reports tables whose changes are not reported: until they are, rollups may be wrong without a sign.
  mutating func tellUntold() async throws {
    let (run, failures) = (run, untold.map(\.letter))
    let fixed = SQLFragment(
      sql: "letter.item = any (:sources::text[]) and letter.item <> all (:items::text[])",
      ["sources": sources.map { Untold.item(of: $0.source.name) }, "items": failures.map(\.item)])
    for failure in failures { run.log.warning(failure.message) }
    try await run.transaction { tx in
      try tx.resolve(where: fixed)
      try tx.reject(failures)
    }
    report.failed += failures.count
  }

  /// What stands in the log of what is no bucket's failure: with the lowest level.
  private var progress: Progress { Progress(run.id, settings.mode, settings.levels[0], isDone: false) }

  static func failure(of source: Source, _ failure: SQLFile.Failure) -> ItemFailure {
    ItemFailure(item: source.name, kind: .sourceFailed, message: failure.description)
  }

  /// What finds the touched buckets of a source.
  func noticing(_ known: Known) -> Noticing {
    Noticing(
      source: known.source, kind: known.kind, position: known.position, timezone: settings.timezone, limit: run.timeLeft
    )
  }

  mutating func cover(_ period: Window) {
    covered = Window(
      start: min(covered?.start ?? period.start, period.start), end: max(covered?.end ?? period.end, period.end))
    run.covers(covered)
  }
}

// MARK: What is to be done

extension Work {
  /// Finds and queues what was touched since the last run, or what is to be rebuilt.
  mutating func notice() async throws {
    for known in sources {
      try Task.checkCancellation()
      let (run, noticing, scopes) = (run, noticing(known), scopes(known))
      if let remark = textChanged(known) { run.log.warning(remark) }
      let (progress, work) = (progress, self)
      let (found, failures, remarks, emptied) = try await run.transaction { tx in
        do {
          // Of another calendar, or of another server's past: everything will be queued again.
          if known.isForeign, !run.isDryRun {
            try tx.execute("delete from oneshot.rollup_queue where source = \(known.source.name)")
          }
          let noticing = try (run.isDryRun ? noticing : noticing.holdingBorder(tx.session)).knowingRules(tx.session)
          let lookAhead = run.isDryRun || !known.position.isOf(noticing.timezone)
          let emptied = try lookAhead ? noticing.emptied(scopes, tx.session) : []
          try work.refuseToMix(emptied, of: known)
          try tx.resolve(where: noticing.closedSince)
          var found = Noticing.Found()
          for scope in noticing.movedDays + scopes {
            found = try noticing.carryOut(scope, isPlan: run.isDryRun, tx.session).after(found)
          }
          if found.isUnknown {
            let all = Noticing.Scope.all(.allEvents, levels: [.hourly], moves: false, key: known.position.rebuilding)
            found = try noticing.carryOut(all, isPlan: run.isDryRun, tx.session).after(found)
          }
          if !run.isDryRun { try noticing.keepRules(tx) }
          let failures = noticing.failures(found)
          try tx.reject(failures)
          if !failures.isEmpty, !run.isDryRun { try tx.execute(progress.adding(failures).statement()) }
          try tx.resolve([known.source.name])
          let remarks = [noticing.rulesChanged, run.isDryRun ? work.remark(on: emptied, of: known.source) : nil]
          return (found, failures, remarks, emptied.count)
        } catch let failure as SQLFile.Failure {
          let failures = [Self.failure(of: known.source, failure)]
          try tx.reject(failures)
          if !run.isDryRun { try tx.execute(progress.adding(failures).statement()) }
          return (Noticing.Found(), failures, [], 0)
        }
      }
      for remark in remarks.compactMap(\.self) { run.log.warning(remark) }
      if settings.mode == .rebuild, !failures.contains(where: { $0.kind == .sourceFailed }) {
        rebuilding.append((known.source.name, rebuildKey(known)))
      }
      report.touchedHours += found.hours
      report.noticed += found.events
      if run.isDryRun { report.emptiedDays += emptied }
      report.failed += failures.count
      try run.checkpoint(report)
    }
  }

  /// A rebuild queues its range once. What is left of it when it is killed is queued still, and done by the next one with
  /// the same borders, or by an incremental run.
  private func scopes(_ known: Known) -> [Noticing.Scope] {
    let new = Noticing.Scope.new(until: run.scheduledAt, lookback: settings.lookback)
    guard settings.mode == .rebuild else { return [new] }
    // What is too late has to be reported before the position moves past it.
    let before = range.isWhole && known.position.isKnown && !known.isForeign ? [new] : []
    let key = rebuildKey(known)
    if known.position.rebuilding == key, !known.isForeign {
      run.log.info("going on with a rebuild", ["source": .string(known.source.name)])
      return before
    }
    let levels = known.isForeign ? Granularity.allCases : settings.granularities
    // Only what has queued its hours may move the position; and what came after the first look is for the next run.
    let moves = range.isWhole && levels.contains(.hourly) && before.isEmpty
    let renews = range.isWhole && levels.contains(.hourly)
    return before + [.all(range.events, levels: levels, moves: moves, key: key, renews: renews)]
  }

  /// What a rebuild covers, and by which text of the source.
  private func rebuildKey(_ known: Known) -> String {
    let levels = settings.granularities.map(\.rawValue).joined(separator: ",")
    return "\(settings.from?.text ?? "")..\(settings.to?.text ?? "") \(levels) \(known.position.version)"
  }

  /// What was queued for a rebuild is there as long as it is written down that it goes on.
  private static func failover(_ sources: [String]) -> JobFailure {
    JobFailure(
      .failover, "Postgres has lost that the rollups of \(sources.joined(separator: ", ")) are being rebuilt",
      hint:
        "Start the rebuild again. A failover to a replica that had not received it, or a restore, leaves rollups as they were."
    )
  }

  /// A rebuild that has come to its end begins from scratch the next time; one that was killed has, too, once incremental runs have
  /// done what it left.
  func endRebuild() async throws {
    let isOver = settings.mode == .rebuild
    let names = sources.filter { isOver || $0.position.rebuilding != nil }.map(\.source.name)
    guard !names.isEmpty else { return }
    let (begun, keys) = (rebuilding.map(\.source), rebuilding.map(\.key))
    try await run.transaction { tx in
      let lost = try tx.query(
        """
        select source from unnest(\(begun)::text[], \(keys)::text[]) as begun (source, key)
        where not exists (
          select from oneshot.rollup_positions as p where p.source = begun.source and p.rebuilding = begun.key)
        """
      ).map { try $0.value("source", as: String.self) }
      guard lost.isEmpty else { throw Self.failover(lost) }
      try tx.execute(
        """
        update oneshot.rollup_positions as p set rebuilding = null
        where source = any (\(names)::text[]) and rebuilding is not null
          and (\(isOver) or not exists (
            select from oneshot.rollup_queue as q
            where q.source = p.source and strpos(p.rebuilding, q.granularity) > 0))
        """)
    }
  }
}
