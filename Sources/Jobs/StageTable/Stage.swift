import JobRuntime
import Postgres

/// A write began again on a new connection, which has no temporary tables.
struct StageLost: Error {
  let cause = PostgresError.connection("the connection was lost repeatedly, and what was staged with it")
}

/// The temporary tables that rows are gathered in before they are written.
struct Stage {
  let target: Target
  let settings: StageTable.Settings

  static let name = "oneshot_staged"
  /// Rows as the stream has them, where bad ones are skipped.
  static let texts = "oneshot_texts"
  static let refused = "oneshot_refused"

  init(_ target: Target, _ settings: StageTable.Settings) { (self.target, self.settings) = (target, settings) }

  /// With the target's types, so that COPY refuses what the target would; and without null in a key, which no row would
  /// be found by.
  var staged: StagingTable {
    StagingTable(
      Self.name,
      target.columns.map { column in
        let isBare = target.key.contains(column.name) && !column.definition.hasSuffix(" not null")
        return .init(column.name, column.definition + (isBare ? " not null" : ""))
      })
  }

  /// Fills it from the stream.
  ///
  /// Errors: `JobFailure` for a stream that did not end as it should, and for a row that Postgres refuses.
  func fill(from source: any Source, _ run: JobRun) async throws -> StageTable.Report {
    guard settings.badRows == .skip else { return try await fill(staged, from: source, run) }
    let names = target.columns.map { StagingTable.Column($0.name, "text") }
    let row = StagingTable.Column(BadRows.number, "bigint generated always as identity")
    let report = try await fill(StagingTable(Self.texts, names + [row]), from: source, run)
    try await run.staging(staged) { _ in }
    try await run.staging(BadRows.table) { _ in }
    return report
  }

  private func fill(_ table: StagingTable, from source: any Source, _ run: JobRun) async throws -> StageTable.Report {
    try await run.staging(table) { staging in
      var report = StageTable.Report()
      var (first, marker) = (FirstLine(settings, target.names), EndMarker(settings.format))
      do {
        try source.begin()
        report.rows = try staging.copy(settings.format, columns: target.names) { writer in
          var isEnd = false
          while !isEnd {
            let bytes = try source.next()
            isEnd = bytes.isEmpty
            report.bytes += bytes.count
            guard report.bytes <= settings.mostBytes else { throw tooLong }
            let rows = try marker.rows(in: first.rows(in: bytes, isEnd: isEnd))
            if !rows.isEmpty { try writer.write(Array(rows)) }
          }
          try source.conclude(marker, bytes: report.bytes)
          let rest = marker.end()
          if !rest.isEmpty { try writer.write(rest) }
        }
      } catch {
        throw Refused.explained(error, in: settings.table, after: first.lines, columns: target.columns)
      }
      try staging.analyze()
      return report
    }
  }

  private var tooLong: JobFailure {
    JobFailure(
      .misconfigured, "the stream is longer than STAGE_MAX_BYTES (\(ByteSize.format(settings.mostBytes)))",
      hint: "Raise it, or have the producer send less. Nothing was written.")
  }

  /// Whether an error says that the connection is another one, which has no temporary table.
  static func isLost(_ error: PostgresError) -> Bool {
    // By the server's own words: those of a statement would name the tables for whatever is missing.
    guard case .server(let reason) = error, reason.state == .undefinedTable else { return false }
    return [name, texts, refused].contains { reason.message.contains($0) }
  }
}
