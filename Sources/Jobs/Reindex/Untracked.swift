import JobRuntime
import Postgres

/// An entity with tables that are tracked (`oneshot.search_track`), of which not all changes are queued.
struct Untracked: Sendable {
  let entity: String
  /// What is wrong, and with which table.
  let problem: String
  /// The statement that makes it right.
  let remedy: String

  /// Looks for them among some entities.
  static func find(among entities: [Entity], _ run: JobRun) async throws -> [Untracked] {
    try await run.read(statement(.untracked, entities)).map { row in
      Untracked(entity: try row.value("entity"), problem: try row.value("problem"), remedy: try row.value("remedy"))
    }
  }

  /// Notes of tables that are not as a run has last seen them that something unknown has changed.
  static func noteUnseen(_ entities: [Entity], _ run: JobRun) async throws {
    let unseen = try statement(.unseen, entities).limited(to: run.timeLeft)
    try await run.transaction { tx in try tx.execute(unseen) }
  }

  /// Warns of them, makes dead letters of them, and resolves those of entities that are right again.
  static func report(_ untracked: [Untracked], among entities: [Entity], _ run: JobRun) async throws {
    let failures = untracked.map(\.letter)
    let fixed = SQLFragment(
      sql: "letter.item = any (:entities::text[]) and letter.item <> all (:items::text[])",
      ["entities": entities.map { item(of: $0.name) }, "items": failures.map(\.item)])
    for failure in failures { run.log.warning(failure.message) }
    try await run.transaction { tx in
      try tx.resolve(where: fixed)
      try tx.reject(failures)
    }
  }

  var failure: JobFailure {
    JobFailure(.misconfigured, message, hint: "Its owner runs: \(remedy). The next run then reads all of \(entity).")
  }

  private var letter: ItemFailure {
    ItemFailure(
      item: Self.item(of: entity), kind: .untracked, message: "\(message). Its owner runs: \(remedy)",
      payload: ["entity": .string(entity)])
  }

  /// The item of an entity's letter; an entity has one letter, whatever is wrong with its tables.
  ///
  /// No document has such a name.
  static func item(of entity: String) -> String { entity + suffix }

  /// The entity that a letter is of; `nil` if it is none of these.
  static func entity(of item: String) -> String? {
    item.hasSuffix(suffix) ? String(item.dropLast(suffix.count)) : nil
  }

  private static let suffix = " untracked"

  private var message: String { "changes of \(entity) are not all queued: \(problem)" }

  static func statement(_ last: SQLFragment, _ entities: [Entity]) throws -> Statement {
    try SQLFragment(sql: "with {tracked},\n{last}").filling(["tracked": .tracked, "last": last])
      .binding(["entities": entities.map(\.name)]).statement()
  }
}
