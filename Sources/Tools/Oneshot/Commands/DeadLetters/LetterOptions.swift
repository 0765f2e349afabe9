import JobRuntime
import Operations
import Postgres

/// The options that say which dead letters are meant.
struct LetterOptions: Sendable {
  let instance: String?
  let server: String?
  private let job: String?
  private let kind: String?
  private let olderThan: Duration?

  init(from arguments: inout Arguments, _ env: inout Environment) {
    instance = instanceOption(from: &arguments, &env, help: "only letters of this installation")
    server = arguments.optionalText(
      "redis", .text("ADDRESS"), help: "only letters whose data are in this Redis, as `dead-letters show` names it")
    job = arguments.optionalText("job", .job, help: "only letters of this job")
    kind = arguments.optionalText("kind", .text("KIND"), help: "only failures of this kind, for example not_integer")
    olderThan = arguments.duration("older-than", default: nil, help: "only what last failed longer ago than this")
  }

  /// Whether none is given.
  ///
  /// An installation or a Redis alone does not count as a choice.
  var isEmpty: Bool { job == nil && kind == nil && olderThan == nil }

  func filter(state: DeadLetter.State?, at now: Timestamp) -> LetterFilter {
    LetterFilter(
      instance: instance, job: job, server: server, kind: kind, state: state,
      failedBefore: olderThan.map { now - $0 })
  }
}

/// The dead letters to act on: one by its name, or all that match options.
struct LetterChoice: Sendable {
  /// The default for how many are taken at once.
  static let most = 10_000

  private let options: LetterOptions
  private let limit: Int
  private let by: Doer
  private let job: String?
  private let item: String?

  init(from arguments: inout Arguments, _ env: inout Environment) {
    options = LetterOptions(from: &arguments, &env)
    limit = arguments.int("limit", default: Self.most, in: 1...1_000_000, help: "at most this many, the oldest")
    by = Doer(from: &arguments, &env)
    job = arguments.optionalOperand(.job, help: "the letter's job")
    item = arguments.optionalOperand(
      .text("ITEM"), help: "the item, or its id; put -- before one that begins with a dash")
    if job != nil, item == nil { arguments.complain("ITEM is missing; all letters of a job are --job JOB") }
    if job != nil, !options.isEmpty { arguments.complain("JOB ITEM names one letter; options choose many: not both") }
    // No options must not mean all letters.
    if job == nil, options.isEmpty { arguments.complain("say which: JOB ITEM, --job, --kind or --older-than") }
  }

  /// The operator's name, for the audit.
  func who(_ console: Console) -> String { by.name(console) }

  /// Looks up the chosen letters in the database.
  ///
  /// - Returns: the filter, and how many dead letters at most. `nil` after an error message.
  func resolved(_ database: Database, _ console: Console) async throws -> (filter: LetterFilter, limit: Int)? {
    guard let job, let item else { return (options.filter(state: .pending, at: console.now), limit) }
    let found = try await ShowDeadLetter.find(
      item, of: job, instance: options.instance, server: options.server, in: database, console)
    guard let found else { return nil }
    guard found.letter.state == .pending else {
      console.note("nothing was changed: the letter is \(found.letter.state.rawValue)")
      return nil
    }
    return (LetterFilter(only: found.letter), 1)
  }
}

/// How many letters of which jobs were changed.
struct LettersByJob: Sendable {
  private let jobs: [(part: JobPart, letters: Int)]

  init(_ rows: Rows) throws(PostgresError) {
    var jobs: [(JobPart, Int)] = []
    for row in rows {
      let part = JobPart(
        instance: try row.value("instance"), job: try row.value("job"), server: try row.value("server"))
      jobs.append((part, try row.value("letters")))
    }
    self.jobs = jobs
  }

  var total: Int { jobs.reduce(0) { $0 + $1.letters } }

  /// `3 dead letters (reindex 1, top-stats 2)`.
  var text: String {
    let names = PartNames(jobs.map(\.part))
    return "\(total) dead letter\(total == 1 ? "" : "s") ("
      + jobs.map { "\(printable(names[$0.part])) \($0.letters)" }.joined(separator: ", ") + ")"
  }
}
