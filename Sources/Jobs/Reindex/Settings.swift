import JobRuntime

extension Reindex {
  struct Settings: JobSettings {
    let mode: Mode
    /// Those that this run is for.
    var entities: [Entity]
    /// Whether only some entities were chosen.
    let hasChosenEntities: Bool
    /// The names of all that there are.
    let known: [String]
    /// In the mode that is for some documents only: which.
    let ids: [String]
    let language: String
    let batch: Int
    let parallel: Int
    /// Documents a second; `nil` as many as it can.
    let rate: Int?
    let memory: Int

    init(from env: inout Environment) {
      mode = env.choice(
        "REINDEX_MODE", default: .changed,
        help:
          "changed: what differs; pending: what is queued; ids: REINDEX_IDS; rebuild: all from scratch; verify: compares only.",
        selects: .work)
      let folder = env.optionalPath(
        "REINDEX_ENTITIES_DIR",
        help: "A folder of more entities, one .sql file each, or of replacements by the same name.")
      let chosen = env.custom(
        "REINDEX_ENTITIES", form: "names separated by commas", default: nil,
        help: "Only these entities; unset, all of them.",
        parse: Self.words)
      let one = env.optionalString("REINDEX_ENTITY", help: "With REINDEX_MODE=ids: the entity of the documents.")
      ids =
        env.custom(
          "REINDEX_IDS", form: "ids separated by commas", default: nil, help: "With REINDEX_MODE=ids: which documents.",
          selects: .once(as: "ids"), written: Selection.asSet, parse: Self.words) ?? []
      if mode == .ids {
        if one == nil { env.complain("REINDEX_ENTITY", "is required where REINDEX_MODE is ids") }
        if ids.isEmpty { env.complain("REINDEX_IDS", "is required where REINDEX_MODE is ids") }
      } else if one != nil || !ids.isEmpty {
        env.complain("REINDEX_IDS", "and REINDEX_ENTITY are for REINDEX_MODE=ids only")
      }
      let files = Entity.known(folder: folder, &env)
      known = files.map(\.name)
      hasChosenEntities = one != nil || chosen != nil
      entities =
        (one.map { files.chosen([$0], named: "REINDEX_ENTITY", kind: "entity", &env) }
        ?? files.chosen(chosen, named: "REINDEX_ENTITIES", kind: "entity", &env)).map(Entity.init)
      env.select(
        ["REINDEX_ENTITIES", "REINDEX_ENTITY", "REINDEX_ENTITIES_DIR"], as: "of", entities.map(\.name),
        unlike: Entity.builtInNames, more: "with")
      language = env.string(
        "REINDEX_LANGUAGE", default: "english",
        help: "The language of documents that name none: a text search configuration of Postgres.")
      batch = env.int("REINDEX_BATCH", default: 1000, in: 1...100_000, help: "Documents in one transaction.")
      parallel = env.int("REINDEX_PARALLEL", default: 2, in: 1...32, help: "Connections that work at once.")
      let rate = env.int(
        "REINDEX_RATE", default: 0, in: 0...1_000_000,
        help: "Documents a second, 0 for no limit; the Redis key oneshot:reindex:rate changes it while it runs.")
      self.rate = rate == 0 ? nil : rate
      memory = env.int(
        "REINDEX_REBUILD_MEM", default: 64, in: 1...65_536,
        help: "Postgres' maintenance_work_mem while a rebuild makes its index, in MB.")
    }

    private static func words(_ text: String) -> Environment.Parsed<[String]> {
      .success(
        text.split(separator: ",").map { word in
          String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }.filter { !$0.isEmpty })
    }
  }
}

/// What a run is to do.
enum Mode: String, CaseIterable, Sendable {
  case changed, pending, ids, verify, rebuild
}
