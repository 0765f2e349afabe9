import JobRuntime
import Postgres

extension StageTable: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    let writes: [TableNeed.Privilege] =
      switch settings.mode {
      case .replace, .window: [.insert, .update, .delete]
      case .merge: [.insert, .update]
      case .append: [.insert]
      }
    needs.tables.append(
      TableNeed(
        settings.table.shown, columns: settings.columns ?? [], privileges: [.select] + writes,
        origin: .application(otherwise: "name yours in STAGE_TABLE")))
    return needs
  }

  /// Looks at the table, and makes the temporary ones that a run would make.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    if let failure = Self.complaint(about: run.shard) { return [failure] }
    do {
      if let command = settings.command { _ = try CommandSource.find(command[0], settings) }
      try await run.snapshot { session in
        let target = try Target.look(for: settings, session)
        try session.query(Stage(target, settings).staged.creation)
      }
      return []
    } catch let failure as JobFailure { return [failure] }
  }
}
