import Events
import JobRuntime
import Postgres

/// What became of a row.
enum Outcome: Sendable {
  case made(Preview)
  case impossible(String)
  case failed(LetterKind, String)
}

/// Writes what became of rows: each in one transaction, with its event and its dead letter.
struct Recording: Sendable {
  let settings: MediaPreviews.Settings
  let targets: Folder
  let run: JobRun

  /// After so many failures a row waits for somebody.
  static let attempts = 3
  /// Until the first retry; each further one waits twice as long.
  static let pause = Duration.minutes(5)

  /// - Returns: whether it was written. Otherwise the source has changed since, or the row is gone: what there is of it
  ///   is for a later run.
  func record(_ outcome: Outcome, of item: Item) async throws -> Bool {
    let statement = try Self.statement(outcome, of: item, settings.spec(item.kind), at: run.scheduledAt)
    let event = try Self.event(outcome, of: item, run.id, at: run.scheduledAt)
    let isWritten = try await run.transaction { tx in
      guard try !tx.query(statement).isEmpty else {
        // While no newer run can start: it might be making this very file.
        if case .made(let preview) = outcome { remove(preview.target) }
        return false
      }
      if let event { try tx.execute(event) }
      if case .failed(let kind, let message) = outcome {
        try tx.reject([Self.failure(item, kind, message)])
      } else {
        try tx.resolve([item.name])
      }
      return true
    }
    guard isWritten else { return false }
    run.log.debug("recorded the preview", ["item": .string(item.name)])
    // Nobody is shown it any more. Where this is not reached, a verification removes it.
    if let old = item.target, let new = Self.target(outcome), old != new, !Address.isMeant(old) {
      // While no newer run can start: an older version may come back, and its name with it.
      try await run.transaction { _ in remove(old) }
    }
    return true
  }

  /// Objects at addresses are removed by the application: nothing that was signed allows it here.
  private func remove(_ target: String) {
    if !Address.isMeant(target) { try? targets.remove(target) }
  }

  /// The dead letter of a row that a full disk has kept from being made; the row stays as it is.
  func fullDisk(_ item: Item) async throws {
    try await run.transaction { tx in
      try tx.reject([Self.failure(item, .fullDisk, "there is no room left in \(targets.path)")])
    }
  }

  private static func failure(_ item: Item, _ kind: LetterKind, _ message: String) -> ItemFailure {
    ItemFailure(
      item: item.name, kind: kind, message: message,
      payload: [
        "asset_id": .string(item.asset), "kind": .string(item.kind.rawValue), "source": .string(item.source.shown),
      ])
  }

  /// Where the row's preview is afterwards: empty for nowhere, `nil` for where it was.
  private static func target(_ outcome: Outcome) -> String? {
    switch outcome {
    case .made(let preview): preview.target
    case .impossible: ""
    case .failed: nil
    }
  }

  static func statement(
    _ outcome: Outcome, of item: Item, _ spec: Spec, at moment: Timestamp
  ) throws -> Statement {
    switch outcome {
    case .made(let preview):
      return try Statement(
        file: "record_made.sql", PackageResources.record_made_sql,
        binding: item.key.merging([
          "spec": spec.text, "target": preview.target, "bytes": preview.bytes, "width": preview.width,
          "height": preview.height, "milliseconds": preview.milliseconds, "is_damaged": preview.isDamaged,
          "moment": moment,
        ]) { $1 })
    case .impossible(let reason):
      return try Statement(
        file: "record_impossible.sql", PackageResources.record_impossible_sql,
        binding: item.key.merging(["spec": spec.text, "reason": reason, "moment": moment]) { $1 })
    case .failed(_, let message):
      return try Statement(
        file: "record_failed.sql", PackageResources.record_failed_sql,
        binding: item.key.merging([
          "reason": message, "attempts": attempts, "pause": Int(pause.components.seconds), "moment": moment,
        ]) { $1 })
    }
  }

  /// The event of a preview that was made, whose key has the run: a version may come back.
  static func event(_ outcome: Outcome, of item: Item, _ run: RunID, at moment: Timestamp) throws -> Statement? {
    guard case .made(let preview) = outcome else { return nil }
    let data = JSON(members: [
      ("asset_id", .string(item.asset)), ("kind", .string(item.kind.rawValue)), ("source_tag", .string(item.tag)),
      ("target", .string(preview.target)), ("bytes", .integer(Int64(preview.bytes))),
      ("width", preview.width.map { .integer(Int64($0)) } ?? .null),
      ("height", preview.height.map { .integer(Int64($0)) } ?? .null),
      ("duration_ms", .integer(Int64(preview.milliseconds))), ("is_damaged", .bool(preview.isDamaged)),
    ])
    let row = SQLFragment("event.sql", PackageResources.event_sql).binding(
      ["dedup": "media.preview_made:\(item.kind.rawValue):\(Spec.fileName(of: item.asset)):\(run)", "data": data.text])
    return try Outbox.writing(SQLFragment(sql: "({row})").filling(["row": row]))
      .binding(["moment": moment, "run_id": run]).statement()
  }
}
