import JobRuntime
import Postgres

/// One run's pass over its sources and levels.
struct RollupPass {
  let settings: MetricsRollups.Settings
  let run: JobRun
  /// What a rebuild or a verification covers; without borders everything.
  let range: Range
  var report = MetricsRollups.Report()
  private(set) var sources: [SourceState] = []
  /// The failures of sources that are left out.
  private(set) var mistakes: [ItemFailure] = []
  /// Sources whose future hours a wrong clock has closed.
  let ahead: [String]
  /// Tables whose triggers do not report all changes.
  private(set) var trackingProblems: [TrackingProblem] = []
  private var covered: Window?
  /// Sources whose rebuild is recorded, each with what it covers.
  private var rebuilding: [(source: String, key: String)] = []

  /// A source, with what the server says of it.
  struct SourceState: Sendable {
    let source: Source
    let kind: Source.Kind
    let position: Position
    /// Whether its rollups are those of another time zone, or its position of another server.
    let isForeign: Bool
  }

  /// Reads positions and sources, before anything else is written.
  ///
  /// - Parameter opensBorders: whether borders in the future are moved back first.
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
    try await readSources(own, positions)
    trackingProblems = try await run.reading { session in try TrackingProblem.find(for: own, session) }
  }

  /// Reads the kind of each source.
  ///
  /// A user's source with a mistake is left out.
  private mutating func readSources(_ own: [Source], _ positions: [String: Position]) async throws {
    let timezone = settings.timezone
    (sources, mistakes) = try await run.snapshot { session in
      var known: [SourceState] = []
      var mistakes: [ItemFailure] = []
      for source in own {
        guard let position = positions[source.name] else { continue }
        do {
          let kind = try source.kind(session)
          known.append(
            SourceState(
              source: try source.typed(in: timezone, session), kind: kind, position: position,
              isForeign: position.isForeign(to: timezone)))
        } catch let failure as SQLFile.Failure { mistakes.append(Self.failure(of: source, failure)) }
      }
      return (known, mistakes)
    }
  }

  /// Reports sources that are left out.
  mutating func rejectBrokenSources() async throws {
    guard !mistakes.isEmpty else { return }
    let (run, mistakes) = (run, mistakes)
    let progress = settings.mode == .verify || run.isDryRun ? nil : progress.adding(mistakes)
    try await run.transaction { tx in
      try tx.reject(mistakes)
      if let progress { try tx.execute(progress.statement()) }
    }
    report.failed += mistakes.count
  }

  /// Rejects tables whose changes are not all reported: until they are, rollups may be silently wrong.
  mutating func rejectTrackingProblems() async throws {
    let (run, failures) = (run, trackingProblems.map(\.letter))
    let fixed = SQLFragment(
      sql: "letter.item = any (:sources::text[]) and letter.item <> all (:items::text[])",
      ["sources": sources.map { TrackingProblem.item(of: $0.source.name) }, "items": failures.map(\.item)])
    for failure in failures { run.log.warning(failure.message) }
    try await run.transaction { tx in
      try tx.resolve(where: fixed)
      try tx.reject(failures)
    }
    report.failed += failures.count
  }

  /// The line in the log of rollups for failures that belong to no bucket: that of the lowest level.
  private var progress: Progress { Progress(run.id, settings.mode, settings.levels[0], isDone: false) }

  static func failure(of source: Source, _ failure: SQLFile.Failure) -> ItemFailure {
    ItemFailure(item: source.name, kind: .sourceFailed, message: failure.description)
  }

  /// Finds the touched buckets of a source.
  func noticing(_ known: SourceState) -> Noticing {
    Noticing(
      source: known.source, kind: known.kind, position: known.position, timezone: settings.timezone, limit: run.timeLeft
    )
  }

  mutating func cover(_ period: Window) {
    covered = Window(
      start: min(covered?.start ?? period.start, period.start), end: max(covered?.end ?? period.end, period.end))
    run.setWindow(covered)
  }
}

// MARK: Finding the work

extension RollupPass {
  /// Finds and queues what was touched since the last run, or what is to be rebuilt.
  mutating func notice() async throws {
    for known in sources {
      try Task.checkCancellation()
      let (run, noticing, scopes) = (run, noticing(known), scopes(known))
      if let remark = textChanged(known) { run.log.warning(remark) }
      let (progress, pass) = (progress, self)
      let (found, failures, remarks, emptied) = try await run.transaction { tx in
        do {
          // The queue is of another calendar, or of another server: everything is queued again.
          if known.isForeign, !run.isDryRun {
            try tx.execute("delete from oneshot.rollup_queue where source = \(known.source.name)")
          }
          let noticing = try (run.isDryRun ? noticing : noticing.holdingBorder(tx.session)).withZoneRules(tx.session)
          let lookAhead = run.isDryRun || !known.position.isOf(noticing.timezone)
          let emptied = try lookAhead ? noticing.emptied(scopes, tx.session) : []
          try pass.refuseToMix(emptied, of: known)
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
          let remarks = [noticing.rulesChanged, run.isDryRun ? pass.remark(on: emptied, of: known.source) : nil]
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

  /// The scopes that the pass still has to queue; a rebuild queues its range once.
  ///
  /// What is left when it is killed is still queued; the next rebuild with the same borders does it, or an incremental
  /// run.
  private func scopes(_ known: SourceState) -> [Noticing.Scope] {
    let new = Noticing.Scope.new(until: run.scheduledAt, lookback: settings.lookback)
    guard settings.mode == .rebuild else { return [new] }
    // Late events have to be reported before the position moves past them.
    let before = range.isWhole && known.position.isKnown && !known.isForeign ? [new] : []
    let key = rebuildKey(known)
    if known.position.rebuilding == key, !known.isForeign {
      run.log.info("continuing a rebuild", ["source": .string(known.source.name)])
      return before
    }
    let levels = known.isForeign ? Granularity.allCases : settings.granularities
    // Only a scope that has queued its hours may move the position; events after the first pass are left to the next
    // run.
    let moves = range.isWhole && levels.contains(.hourly) && before.isEmpty
    let renews = range.isWhole && levels.contains(.hourly)
    return before + [.all(range.events, levels: levels, moves: moves, key: key, renews: renews)]
  }

  /// What a rebuild covers, and the version of the source's text.
  private func rebuildKey(_ known: SourceState) -> String {
    let levels = settings.granularities.map(\.rawValue).joined(separator: ",")
    return "\(settings.from?.text ?? "")..\(settings.to?.text ?? "") \(levels) \(known.position.version)"
  }

  /// As long as the rebuild is recorded as unfinished, its queued buckets are there.
  private static func failover(_ sources: [String]) -> JobFailure {
    JobFailure(
      .failover, "Postgres has lost that the rollups of \(sources.joined(separator: ", ")) are being rebuilt",
      hint:
        "Start the rebuild again. A failover to a replica that had not received it, or a restore, leaves rollups as they were."
    )
  }

  /// Forgets a rebuild that has ended, so that the next one starts from scratch.
  ///
  /// The same goes for a rebuild that was killed, once incremental runs have done what it left.
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
