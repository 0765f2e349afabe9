import JobRuntime
import Postgres
import Redis

/// Reads exactly the keys of dead letters again, of any day, and writes them like any other counter.
extension UsageAggregation: Replayable {
  /// Letters of another prefix or merchant are for the schedule with these; a shard takes those of its merchants.
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    if Self.isOfDay(letter) { return isOfDay(letter, shard) }
    let (key, field) = place(of: letter)
    guard settings.format.begins(key) else { return false }
    // One prefix may begin with another, and theirs may be another Redis. An older version recorded none.
    guard letter.hasPayload("key_prefix", settings.source) || !letter.hasPayload("key_prefix") else { return false }
    return key.withUnsafeBytes { name in
      guard case .success(let counter) = settings.format.parse(name) else { return isShare(name, of: shard) }
      guard settings.format.field == .merchant else { return isShare(counter.merchant, isMerchant: true, of: shard) }
      return field.withUnsafeBytes { field in
        field.isEmpty ? isShare(name, of: shard) : isShare(field, isMerchant: true, of: shard)
      }
    }
  }

  private func isShare(_ name: LentBytes, isMerchant: Bool = false, of shard: Shard) -> Bool {
    settings.merchant.map { isMerchant && name.elementsEqual($0.utf8) } ?? true
      && CounterSelection.isShare(name, of: shard)
  }

  /// Writes each key that has become a counter, and rejects the others again.
  ///
  /// A key that is gone is done: it could not be stored, and deleting it is one of the remedies. But where all keys are
  /// gone, Redis may have lost them.
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    // The run itself reads and writes days.
    let keys = keys(of: letters.filter { !Self.isOfDay($0) })
    guard !keys.isEmpty else { return letters.map { _ in .leftToRun } }
    var (vanished, hasReportedRejections) = (0, false)
    try await Self.asAWhole("replaying", run) {
      let found = try await read(keys, run)
      vanished = found.report.vanished
      try await stage(found.rows.lanes[0], run)
      if found.report.rejected > 0, !hasReportedRejections {
        try await rejectStaged(run)
        hasReportedRejections = true
      }
      try await writeStaged(run)
    }
    let outcome = outcome(vanished: vanished, of: keys.count, run)
    return letters.map { Self.isOfDay($0) ? .leftToRun : outcome }
  }

  private func outcome(vanished: Int, of count: Int, _ run: JobRun) -> ReplayOutcome {
    guard vanished > 0 else { return .done }
    let keys = JSON.integer(Int64(vanished))
    guard vanished == count else {
      run.log.warning(
        "keys of dead letters are gone from Redis; their letters are resolved, and nothing of them is stored",
        ["keys": keys])
      return .done
    }
    run.log.warning(
      "all keys of the dead letters to be replayed are gone from Redis; they remain requested",
      [
        "keys": keys,
        "hint":
          "Check that this is the right Redis, and whether it has lost its data. If the keys were deleted: oneshot dead-letters discard.",
      ])
    return .postponed("the keys of all letters are gone from Redis")
  }

  /// The key that a letter is about, and the field if it is one of a hash.
  private func place(of letter: DeadLetter) -> (key: [UInt8], field: [UInt8]) {
    // A letter that an older version has named differently is taken literally.
    func bytes(_ name: String) -> [UInt8] { ItemName.bytes(of: name) ?? Array(name.utf8) }
    guard settings.format.field != nil else { return (bytes(letter.item), []) }
    let names = letter.item.split(separator: ItemName.beforeField, maxSplits: 1, omittingEmptySubsequences: false)
    return (bytes(String(names[0])), names.count > 1 ? bytes(String(names[1])) : [])
  }

  /// The keys of letters.
  ///
  /// A hash is read as a whole, so only once.
  private func keys(of letters: [DeadLetter]) -> [[UInt8]] {
    let keys = letters.map { place(of: $0).key }
    return settings.format.field == nil ? keys : Array(Set(keys))
  }

  private func read(_ keys: [[UInt8]], _ run: JobRun) async throws -> CounterRows {
    let selection = CounterSelection(settings, days: [], merchant: nil, shard: run.shard)
    var found = CounterRows(of: selection, rows: LaneRows(of: settings.table, lanes: 1, room: 0))
    // In a cluster every primary is queried; only the one that owns a key answers, the others point to it.
    var left = keys
    for primary in try await run.redisPrimaries() {
      (found, left) = try await run.redis(on: primary) { [found, left] session in
        var (found, unanswered) = (found, [[UInt8]]())
        for start in stride(from: 0, to: left.count, by: Self.page) {
          let page = left[start..<min(start + Self.page, left.count)]
          if selection.format.field != nil {
            unanswered += try found.readHashes(page, &session, inCluster: primary.holdsShare)
            continue
          }
          let answers = try session.pipeline(page.flatMap(CounterRows.questions))
          for (index, key) in page.enumerated() {
            let value = answers[3 * index + 1]
            let type = CounterRows.type(answers[3 * index], answers[3 * index + 2])
            if primary.holdsShare, case .error("MOVED", _) = value {
              unanswered.append(key)
            } else {
              try found.look(at: key, value: value, type: type)
            }
          }
        }
        return (found, unanswered)
      }
    }
    guard left.isEmpty else { throw RedisError.connection("keys moved between the primaries of the cluster") }
    return found
  }

  private static let page = 500

  private func stage(_ rows: CopyRows, _ run: JobRun) async throws {
    try await run.staging(settings.table.staging) { staging in
      try staging.copy { try $0.write(rows) }
      try staging.analyze()
    }
  }

  /// Writes the staged counters, one day in a transaction.
  ///
  /// This completes no day: these are not all counters of the day.
  private func writeStaged(_ run: JobRun) async throws {
    let dates = try await run.read(Statements.stagedDays).map { try $0.value("day", as: CalendarDay.self) }
    guard !dates.isEmpty else { return }
    for day in try await plan(run, only: dates) {
      var open = day
      open.isSettled = false
      _ = try await write(open, hasRejected: false, from: [run])
      if let ttl = settings.newTTL, day.isSettled { try await giveTTL(ttl, day.date, of: run) }
    }
  }
}
