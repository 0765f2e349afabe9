import JobRuntime
import Postgres

/// What is looked at before the first step, so that a migration that cannot end does not begin.
struct Beforehand {
  let plan: Plan

  /// - Returns: all that is wrong, as one failure that says what to do; rights come first, because without them the rest
  ///   cannot be seen.
  func failure(_ session: borrowing Session) throws -> JobFailure? {
    guard !plan.isEmpty else { return nil }
    if let failure = try schemaFailure(session) { return failure }
    let denied = try session.query(Rights(of: plan).missing).map {
      (complaint: try $0.value("complaint", as: String.self), remedy: try $0.value("remedy", as: String.self))
    }
    if !denied.isEmpty {
      let role: String = try session.query("select current_user as role").only().value("role")
      return JobFailure(
        .denied, "the role \(role) " + denied.map(\.complaint).joined(separator: ", "),
        hint: "Grant it: " + denied.map(\.remedy).joined(separator: "; ") + ". Nothing was changed.")
    }
    let obstacles = try obstacles(session)
    guard !obstacles.isEmpty else { return nil }
    var remedies: [String] = []
    for obstacle in obstacles where !remedies.contains(obstacle.remedy) { remedies.append(obstacle.remedy) }
    return JobFailure(
      .misconfigured, obstacles.map(\.complaint).joined(separator: "; "),
      hint: remedies.joined(separator: " ") + " Nothing was changed.")
  }

  /// Where tables without their own schema are made must be somewhere, and have a name that functions can hold: in
  /// the texts that they build, `%` is a place for a value.
  private func schemaFailure(_ session: borrowing Session) throws -> JobFailure? {
    guard plan.converts || plan.steps.contains(where: \.isOutsideOfOneshot) else { return nil }
    let question: Statement =
      "select current_schema()::text as schema, current_setting('search_path') as path, current_user as role"
    let row = try session.query(question).only()
    if let schema = try row.optional("schema", as: String.self) {
      guard schema.utf8.contains(UInt8(ascii: "%")) else { return nil }
      return JobFailure(
        .misconfigured, "the schema «\(schema)», where tables would be made, has a % in its name",
        hint: "Rename it, or put another first in search_path. Nothing was changed.")
    }
    let (path, role): (String, String) = (try row.value("path"), try row.value("role"))
    return JobFailure(
      .misconfigured, "search_path (\(path)) names no schema that exists and that the role \(role) may use",
      hint: "Create the schema, or grant the right: grant usage, create on schema … to \(role). Nothing was changed.")
  }

  private func obstacles(_ session: borrowing Session) throws -> [(complaint: String, remedy: String)] {
    let checks = (plan.converts ? [Conversion.check] : []) + plan.steps.compactMap(\.check)
    let indexes = plan.steps.filter(\.isConcurrent).flatMap { ConcurrentIndex.all(in: $0.sql) }.compactMap(\.self)
    let looks = [InTheWay(of: plan).found] + indexes.map(\.inTheWay) + checks.map { Statement(sql: $0) }
    return try looks.flatMap { check in
      try session.query(check).map { (try $0.value("complaint"), try $0.value("remedy")) }
    }
  }
}

extension Migration {
  /// Whether it makes anything in the first schema of search_path.
  var isOutsideOfOneshot: Bool { made.contains { !$0.isInOneshot } }
}
