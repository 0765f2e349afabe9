import JobRuntime
import Postgres

/// A kind of document: a query that yields `(id, a, b, c, d, language, deleted)`, all but `id` and `a` as it likes.
struct Entity: Sendable {
  let file: SQLFile

  /// The recipe by which texts become documents.
  ///
  /// Raise it with each change of `oneshot.search_document()`, of what that calls and of its arguments: the next run
  /// then finds every document outdated and makes all of them again.
  static let recipe = 3

  var name: String { file.name }

  private static let builtIn = [
    SQLFile(builtIn: "asset", PackageResources.asset_sql),
    SQLFile(builtIn: "creator", PackageResources.creator_sql),
    SQLFile(builtIn: "project", PackageResources.project_sql),
    SQLFile(builtIn: "license", PackageResources.license_sql),
    SQLFile(builtIn: "blog_post", PackageResources.blog_post_sql),
  ]

  static var builtInNames: [String] { builtIn.map(\.name) }

  /// The built-in entities, and those of a folder: more, or others by the same name.
  static func known(folder: String?, _ env: inout Environment) -> [SQLFile] {
    [SQLFile].builtIn(builtIn, andFrom: folder, named: "REINDEX_ENTITIES_DIR", &env)
  }

  /// A statement that reads the entity's rows.
  ///
  /// - Parameters:
  ///   - parts: named parts (`page as (…)`), each of which may read those before it and `source_rows`.
  ///   - last: what the statement does with them.
  func statement(
    _ parts: [SQLFragment], _ last: SQLFragment, binding values: [String: any PostgresEncodable] = [:]
  ) throws -> Statement {
    try query(parts, last).statement(binding: values)
  }

  /// What the server says of a statement of this entity, in an operator's words.
  func describe(_ error: PostgresError.ServerError, in statement: Statement) -> String {
    query([], .empty).describe(error, in: statement)
  }

  /// Does something with a statement of this entity.
  ///
  /// An error of the server is a failure of this entity alone.
  ///
  /// - Parameter isHandled: errors that the caller knows what to do with.
  func owning<Value>(
    errorsIn statement: Statement, but isHandled: (SQLState) -> Bool = { _ in false }, _ work: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await work()
    } catch let PostgresError.server(error) where error.state.isOfOneEntity && !isHandled(error.state) {
      throw SQLFile.Failure(describe(error, in: statement))
    }
  }

  private func query(_ parts: [SQLFragment], _ last: SQLFragment) -> SQLFile {
    let frame = SQLFragment(sql: "with source as not materialized ({file}),\n{parts}\n{last}")
    return file.wrapped(in: frame.filling(["parts": .joined([.sourceRows] + parts, by: ",\n"), "last": last]))
  }

  /// Has the server report which columns the file yields.
  ///
  /// It reads nothing.
  func columns() throws -> Statement {
    try file.wrapped(in: SQLFragment(sql: "{file} where false")).statement(binding: [:])
  }

  /// Has the server plan how it would read everything that the file yields.
  ///
  /// It reads nothing.
  func plan() throws -> Statement {
    try file.wrapped(in: SQLFragment(sql: "explain (costs off) {file}")).statement(binding: [:])
  }

  /// What is wrong with what the file yields.
  ///
  /// - Parameter plan: what `plan()` has answered.
  func complaint(about columns: [String], plan: String) -> SQLFile.Failure? {
    let known = ["id", "a", "b", "c", "d", "language", "deleted"]
    if let other = columns.first(where: { !known.contains($0) }) {
      return SQLFile.Failure(
        "\(file.place): it yields a column «\(other)», which is none of \(known.joined(separator: ", "))")
    }
    if let missing = known.prefix(2).first(where: { !columns.contains($0) }) {
      return SQLFile.Failure("\(file.place): it yields no column «\(missing)»")
    }
    guard plan.hasPrefix("Limit") else { return nil }
    return SQLFile.Failure(
      "\(file.place): it has a limit, and documents beyond that would leave the index; pages need no limit")
  }

  /// Has the server check that the file yields what it has to, and may be read.
  ///
  /// It reads nothing.
  func description() throws -> Statement { try statement([], .describe) }
}
