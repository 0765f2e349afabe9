import JobRuntime
import Postgres

/// Rollups of sources that have no file any more, or one of another name: nothing keeps them correct.
extension RollupPass {
  /// Reports them, unless this run has only some of the sources.
  mutating func nameOrphans() async throws {
    guard !settings.hasChosenSources, run.shard.index == 0 else { return }
    let names = settings.sources.map(\.name) + Source.namesBuiltIn
    let orphans = try await run.read(
      "select source from oneshot.rollup_positions where source <> all (\(names)::text[]) order by source"
    ).map { try $0.value("source", as: String.self) }
    try await reject(
      orphans.map { name in
        ItemFailure(
          item: "\(name) orphaned", kind: .orphaned,
          message:
            "there are rollups of \(name), and ROLLUPS_SOURCES_DIR has no \(name).sql. If nobody needs them any more: select oneshot.rollups_forget('\(name)')",
          payload: ["source": .string(name)])
      })
  }
}
