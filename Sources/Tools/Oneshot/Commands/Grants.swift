import JSONReading
import JobRuntime
import Operations
import Postgres

/// `oneshot grants [JOB …]`: the SQL that grants a role what jobs need.
struct Grants: Command {
  static let name = "grants"
  static let summary = "print the SQL that grants a role what jobs need"
  static let discussion =
    """
    The union of what each job needs with the settings that it has here, and not more. Nothing is granted by this: \
    apply it as the owner (oneshot grants | psql -1). The schemas of the tables are looked up in the database. Without jobs \
    and without a folder, those whose lines of migrations were never applied are left out. What is not there is named \
    on stderr, and the exit code is 1. What your own SQL reads (boards, sources, entities) no job knows: JOB --check, \
    as the role, names it.
    """

  private let jobs: InstalledJobs
  private let role: String

  init(from arguments: inout Arguments, _ env: inout Environment) {
    role = arguments.optionalText("role", .text("ROLE"), help: "who gets them; it has to be there") ?? "jobs"
    if role.isEmpty { arguments.complain("--role is empty; it names a role of the database") }
    jobs = InstalledJobs(from: &arguments, &env)
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let described = try await describe()
    let isChosen = jobs.isChosen
    let role = role
    let (rows, on, off) = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session in
        let lines = Set(
          try session.query("select distinct line from oneshot.migrations")
            .map { try $0.value("line", as: String.self) })
        var (needs, on, off) = (NeededGrants(), [NeedsOfJob](), [NeedsOfJob]())
        for job in described {
          guard isChosen || job.lines.isSubset(of: lines) else {
            off.append(job)
            continue
          }
          on.append(job)
          job.add(to: &needs)
        }
        return (try session.query(needs.statements(for: role)).map { $0 }, on, off)
      }
    }
    try console.say(try text(rows, on: on, off: off))
    let missing = try rows.filter { try $0.optional("statement", as: String.self) == nil }
      .map { try $0.value("name", as: String.self) }
    let required = Set(on.flatMap(\.required))
    for name in missing {
      let rest = required.contains(name) ? "" : "; what reads it is off"
      console.note("not in this database, or not in the search_path: \(name)\(rest)")
    }
    let unknown = on.filter { !$0.problems.isEmpty }
    for job in unknown {
      console.note("\(job.name): what it needs is not known: \(job.problems.joined(separator: "; "))")
    }
    return required.isDisjoint(with: missing) && unknown.isEmpty ? 0 : 1
  }

  private func describe() async throws -> [NeedsOfJob] {
    var described: [NeedsOfJob] = []
    for job in try jobs.all() { described.append(NeedsOfJob(job, try await job.answer(to: "--describe").json)) }
    return described
  }

  private func text(_ rows: [Row], on: [NeedsOfJob], off: [NeedsOfJob]) throws -> String {
    func list(_ jobs: [NeedsOfJob]) -> String { jobs.map(\.name).joined(separator: ", ") }
    let names = on.isEmpty ? "no job" : list(on)
    var lines = ["-- What \(names) needs, for the role \(printable(role)). Apply it as the owner."]
    if !off.isEmpty { lines.append("-- Not installed here (oneshot migrate makes their tables): \(list(off)).") }
    for job in on where !job.ownSQL.isEmpty {
      lines.append(
        "-- What \(job.name)'s own SQL reads (\(job.ownSQL.joined(separator: ", "))) is not among them: \(job.name) --check, as the role, names it."
      )
    }
    for job in on where !job.undeclared.isEmpty {
      lines.append(
        "-- Nor is what \(job.name) reads of \(job.undeclared.joined(separator: ", ")): \(job.name) --check, as the role, names it."
      )
    }
    for row in rows {
      if let statement: String = try row.optional("statement") { lines.append(statement + ";") }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// What a job's binary says that a run of it needs.
private struct NeedsOfJob: Sendable {
  let name: String
  /// The lines of migrations that make its tables.
  let lines: Set<String>
  /// Why it is not known what the job needs.
  let problems: [String]
  /// The settings that lead to the user's own SQL, and are set.
  let ownSQL: [String]
  private let json: JSONValue?

  private static let endings = ["_BOARDS_DIR", "_SOURCES_DIR", "_ENTITIES_DIR", "_CHECKS_DIR", "_HANDLERS_DIR"]

  init(_ job: InstalledJob, _ description: JSONValue) {
    name = job.name
    var lines: Set<String> = []
    if case .object(let members)? = description["needed_schema"] { lines = Set(members.map(\.name)) }
    self.lines = lines
    json = description["grants"]
    problems =
      json == nil
      ? ["its binary is of another version: \(job.path)"] : (json?["problems"]?.list ?? []).compactMap(\.text)
    ownSQL = (description["settings"]?.list ?? []).compactMap { $0["name"]?.text }
      .filter { name in
        Self.endings.contains { name.hasSuffix($0) } && !(job.environment[name] ?? "").isEmpty
      }
  }

  /// The tables and functions without which it does not run.
  var required: [String] {
    (json?["tables"]?.list ?? []).filter { $0["is_optional"] != .bool(true) }.compactMap { $0["table"]?.text }
      + (json?["functions"]?.list ?? []).compactMap(\.text)
  }

  /// The tables that it reads by SQL whose columns it does not declare.
  var undeclared: [String] {
    (json?["tables"]?.list ?? []).filter { need in
      (need["privileges"]?.list ?? []).isEmpty && need["columns"] == .object([])
    }.compactMap { $0["table"]?.text }
  }

  func add(to needs: inout NeededGrants) {
    for need in json?["tables"]?.list ?? [] {
      guard let table = need["table"]?.text else { continue }
      for privilege in (need["privileges"]?.list ?? []).compactMap(\.text) { needs.add(privilege, on: table) }
      if case .object(let limits)? = need["columns"] {
        for limit in limits {
          needs.add(limit.name, on: table, columns: (limit.value.list ?? []).compactMap(\.text))
        }
      }
    }
    for signature in (json?["functions"]?.list ?? []).compactMap(\.text) { needs.add(function: signature) }
  }
}

extension JSONValue {
  /// The values of a list.
  fileprivate var list: [JSONValue]? { if case .list(let values) = self { values } else { nil } }
}
