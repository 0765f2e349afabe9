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
    var work = Work(settings, run)
    do {
      for (move, _) in try await work.look(at: moves(for: run.shard)) where move.kind == .publish {
        if let file = settings.guardFile { try await work.check(file, move) }
      }
      return []
    } catch let failure as JobFailure {
      return [failure]
    } catch let error as PostgresError where error.state == .undefinedTable || error.state?.isDenied == true {
      // Reported as what is missing.
      return []
    } catch let error as PostgresError where error.state?.errorClass == "42" {
      return [JobFailure(.misconfigured, "\(error)", hint: "Correct PUBLISH_COLUMNS, PUBLISH_DUE_AT or the table.")]
    }
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
