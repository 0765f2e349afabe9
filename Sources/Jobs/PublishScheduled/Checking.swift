import JobRuntime
import Postgres

extension PublishScheduled: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    let columns = settings.columns
    let written = [columns.status] + [columns.publishedAt].compactMap(\.self)
    needs.tables += settings.tables.map { table in
      TableNeed(
        table.shown, columns: columns.names + [settings.unpublish?.column].compactMap(\.self), privileges: [.select],
        limits: [.update: written],
        origin: .application(otherwise: "name yours in PUBLISH_TABLE, and its columns in PUBLISH_COLUMNS"))
    }
    return needs
  }

  /// Looks at the columns' types, at the guard and at the expression of the moment, as a run would.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    var pass = MovePass(settings, run)
    for (move, _) in try await pass.look(at: moves(for: run.shard), isCheck: true)
    where move.kind == .publish {
      guard let file = settings.guardFile else { continue }
      try await pass.sparingOthers(move) { pass in try await pass.check(file, move) }
    }
    return pass.stopped.compactMap(Self.complaint) + Self.complaints(of: pass.unreadable)
  }

  /// - Returns: `nil` for what is reported as missing.
  private static func complaint(_ error: any Error) -> JobFailure? {
    if let failure = error as? JobFailure { return failure }
    guard let state = (error as? PostgresError)?.state, state != .undefinedTable, !state.isDenied else { return nil }
    return mistake(error)
  }

  static func mistake(_ error: any Error) -> JobFailure {
    JobFailure(
      .misconfigured, "\(error)", hint: "Correct PUBLISH_TABLE, PUBLISH_COLUMNS, PUBLISH_DUE_AT or the table itself.")
  }

  private static func complaints(of posts: [Unreadable]) -> [JobFailure] {
    guard let first = posts.first else { return [] }
    return [
      JobFailure(
        .misconfigured,
        "the moment of \(posts.count) posts cannot be calculated, such as \(first.move.table.text)/\(first.id): \(first.error.inShort)",
        hint: "Correct them; a foreign key or a check keeps such values out. A run publishes the others.")
    ]
  }

  func remarks(_ run: JobRun) async throws -> [String] {
    guard let file = settings.guardFile, let move = moves(for: run.shard).first else { return [] }
    let moments = settings.moments(run)
    return try await run.snapshot { session in
      try session.foreignMeanings(of: [file], binding: move.guardValues(moments, only: []))
    }
  }

  func advice(for run: JobRun) -> Statement? {
    let moves = moves(for: run.shard).filter { !$0.isOwnExpression && $0.zone == nil }
    return try? Statement(
      file: "index_advice.sql", PackageResources.index_advice_sql,
      binding: [
        "table_names": moves.map(\.table.shown), "columns": moves.map(\.dueColumn), "states": moves.map(\.from),
        "id_column": settings.columns.id, "status_column": settings.columns.status,
      ])
  }
}
