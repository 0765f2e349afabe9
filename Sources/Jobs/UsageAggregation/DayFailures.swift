import JobRuntime
import Postgres

/// Failures of a whole day: it cannot be written, or Redis has lost it. The letter is for the day, not for a counter;
/// the other days go on.
extension UsageAggregation {
  static let noPartition = LetterKind(
    "no_partition",
    cause: "`merchant_usage` is partitioned and has no partition for the day; nothing of it is written.",
    remedy: "Create the partition. \(nextRun)")

  static let dayRefused = LetterKind(
    "day_refused",
    cause:
      "Postgres refuses the day's rows: a constraint or a trigger of the table, or a mistake in `USAGE_TARGET`; nothing of it is written, or no more than half of a large day.",
    remedy: "The message names the constraint or the line: correct the data, the constraint or the file. \(nextRun)")

  private static let nextRun =
    "The next run writes the day and resolves the dead letter; for a day older than `USAGE_RETENTION`, run the job once with `USAGE_DAYS`."

  static let countersLost = LetterKind(
    "counters_lost",
    cause: "Redis has no counters for a day that has rows, and `USAGE_ON_REGRESSION` is `fail`. The rows are kept.",
    remedy:
      "\(lossHint) Once the counters are back, the next run that reads the day resolves the dead letter; otherwise run `oneshot dead-letters discard`."
  )

  private static let lossHint =
    "Find out whether Redis lost its data, or REDIS_URL leads to another Redis; if counters live shorter than `USAGE_RETENTION`, set it to their life."

  static let dayKinds = [noPartition, dayRefused, countersLost]

  /// The failure for an error of writing a day; `nil` for an error that does not concern this day alone.
  ///
  /// - Parameter isDivided: whether several connections write it, each one a part.
  func failure(of day: CalendarDay, _ error: any Error, isDivided: Bool, _ run: JobRun) -> ItemFailure? {
    if let refusal = error as? SQLFile.Failure {
      return failure(
        of: day, Self.dayRefused, "the counters of \(day) could not be handed to USAGE_TARGET: \(refusal)", run)
    }
    guard case .server(let reason)? = error as? PostgresError else { return nil }
    // Data, integrity, an exception raised by a trigger, an exception inside of a function.
    guard ["22", "23", "38", "P0"].contains(reason.state.errorClass), reason.state != .uniqueViolation else {
      return nil
    }
    let server = "\(reason.message) (SQLSTATE \(reason.state.rawValue))"
    // A check has a name, the bounds of partitions have none.
    if reason.state == .checkViolation, reason.constraint == nil, reason.message.lowercased().contains("partition") {
      return failure(
        of: day, Self.noPartition,
        "\(settings.table.name) has no partition for \(day), so none of that day's counters are written; create it: \(server)",
        run)
    }
    return failure(
      of: day, Self.dayRefused,
      "Postgres refuses the counters of \(day), so \(isDivided ? "not all" : "none") of them are written: \(server)",
      run)
  }

  func lostCounters(of day: CalendarDay, rows: Int, _ run: JobRun) -> ItemFailure {
    failure(
      of: day, Self.countersLost,
      "Redis has 0 counters for \(day) and Postgres has \(rows) rows, which are kept; was Redis emptied?", run)
  }

  func warnOfLoss(of day: CalendarDay, rows: Int, _ run: JobRun) {
    run.log.warning(
      "Redis has no counters for a day that has rows, which are kept; was Redis emptied?",
      [
        "day": .string(day.description), "counters": 0, "rows": .integer(Int64(rows)),
        "hint": .string(Self.lossHint.filter { $0 != "`" }),
      ])
  }

  private func failure(
    of day: CalendarDay, _ kind: LetterKind, _ message: String, _ run: JobRun
  ) -> ItemFailure {
    ItemFailure(
      item: item(of: day, run.shard), kind: kind, message: message,
      payload: [
        "key_prefix": .string(settings.source), "usage_date": .string(day.description),
        "shard": .string(Self.name(of: run.shard)),
      ])
  }

  /// Names a day's letter: the pattern of its keys, and the share of the work.
  func item(of day: CalendarDay, _ shard: Shard) -> String {
    settings.format.keys(of: day) + (shard.isWhole ? "" : " (shard \(Self.name(of: shard)))")
  }

  /// Whether a letter is for a day, and for this share of it.
  func isOfDay(_ letter: DeadLetter, _ shard: Shard) -> Bool {
    Self.isOfDay(letter) && letter.hasPayload("key_prefix", settings.source)
      && letter.hasPayload("shard", Self.name(of: shard))
  }

  static func isOfDay(_ letter: DeadLetter) -> Bool { dayKinds.contains { $0.name == letter.kind } }

  private static func name(of shard: Shard) -> String { "\(shard.index)/\(shard.count)" }
}
