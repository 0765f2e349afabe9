import JobRuntime

extension Reindex {
  struct Settings: JobSettings {
    let mode: Mode
    let entities: [Entity]
    let language: String
    let batch: Int
    let parallel: Int
    /// Documents a second; `nil` as many as it can.
    let rate: Int?

    init(from env: inout Environment) {
      mode = env.choice(
        "REINDEX_MODE", default: .changed,
        help: "changed indexes what differs from its source.")
      let folder = env.optionalPath(
        "REINDEX_ENTITIES_DIR",
        help: "A folder of more entities, one .sql file each, or of replacements by the same name.")
      let chosen = env.custom(
        "REINDEX_ENTITIES", form: "names with commas", default: nil, help: "Only these entities; without it all.",
        parse: { .success($0.split(separator: ",").map { String($0.filter { $0 != " " }) }) })
      entities = Entity.all(folder: folder, chosen: chosen, &env)
      language = env.string(
        "REINDEX_LANGUAGE", default: "english",
        help: "The language of documents that say none: a text search configuration of Postgres.")
      batch = env.int("REINDEX_BATCH", default: 1000, in: 1...100_000, help: "Documents in one transaction.")
      parallel = env.int("REINDEX_PARALLEL", default: 2, in: 1...32, help: "Connections that work at once.")
      let rate = env.int(
        "REINDEX_RATE", default: 0, in: 0...1_000_000,
        help: "Documents a second, 0 for no limit; the Redis key oneshot:reindex:rate changes it while it runs.")
      self.rate = rate == 0 ? nil : rate
    }
  }
}

/// What a run is to do.
enum Mode: String, CaseIterable, Sendable {
  case changed
}
