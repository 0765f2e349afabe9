import JobRuntime
import Redis

/// Which counters belong to a run.
struct CounterSelection: Sendable {
  let format: KeyFormat
  /// See `Settings.source`.
  let source: String
  /// The pattern for `SCAN … MATCH`.
  let pattern: String
  private let merchant: [UInt8]?
  private let shard: Shard
  /// How the shard finds its counters.
  let reading: Reading
  let days: DaySet
  /// Keys that are not the job's (`USAGE_IGNORE`).
  private let ignored: [Glob]

  init(
    _ settings: UsageAggregation.Settings, days: [CalendarDay], merchant: String?, shard: Shard,
    reading: Reading = .byMerchant
  ) {
    (format, source, ignored) = (settings.format, settings.source, settings.ignored)
    self.merchant = merchant.map { Array($0.utf8) }
    (self.shard, self.reading) = (shard, reading)
    pattern = format.pattern(merchant: merchant)
    self.days = DaySet(days)
  }

  func contains(_ key: CounterKey) -> Bool {
    guard days.contains(key.day) else { return false }
    // The merchants may be the fields of a hash.
    return format.field == .merchant || contains(merchant: key.merchant)
  }

  /// Whether a merchant is the run's.
  func contains(merchant name: LentBytes) -> Bool {
    if let merchant, !name.elementsEqual(merchant) { return false }
    return isInShare(name)
  }

  /// Whether `USAGE_IGNORE` leaves a key out.
  func isIgnored(_ key: LentBytes) -> Bool { ignored.contains { $0.matches(key) } }

  /// The cursor of the next page; `nil` where this is the share's last.
  func cursor(after page: borrowing ScanPage, askedWith asked: String?) throws -> String? {
    guard reading.share.isOrdered(page.cursor, after: asked ?? "0") else {
      throw RedisError.unexpectedReply(
        "SCAN \(asked ?? "0") answered the cursor \(page.cursor), which is not one of Redis or Valkey; run the job without shards"
      )
    }
    return reading.share.has(page.cursor) ? page.cursor : nil
  }

  /// Whether this shard has to report a key that is not a counter's.
  func isResponsible(for key: LentBytes) -> Bool { isInShare(key) }

  private func isInShare(_ bytes: LentBytes) -> Bool { reading != .byMerchant || Self.isShare(bytes, of: shard) }

  /// Whether a merchant, or a key without one, belongs to a share of the work.
  static func isShare(_ bytes: LentBytes, of shard: Shard) -> Bool {
    shard.isWhole || FNV1a.digest(bytes) % UInt64(shard.count) == UInt64(shard.index)
  }
}
