import Events
import JobRuntime
import Postgres

/// A statement that processes a whole batch of some types: a file whose first comments say what it takes.
struct Handler: Sendable {
  let file: SQLFile
  /// Types, or beginnings of types with `*` behind them.
  private(set) var types: [String] = []
  /// Whether later events of a key wait behind one that waits.
  private(set) var isOrdered = false
  /// Whether it takes only what no other handler takes.
  private(set) var isFallback = false
  /// In place of `EVENTS_ATTEMPTS`.
  private(set) var attempts: Int?
  /// In place of `EVENTS_TIMEOUT`.
  private(set) var timeout: Duration?
  private(set) var needs: [TableNeed] = []

  var name: String { file.name }

  private static let builtIn =
    [
      SQLFile(builtIn: "analytics", PackageResources.analytics_sql),
      SQLFile(builtIn: "fraud", PackageResources.fraud_sql),
      SQLFile(builtIn: "live_boards", PackageResources.live_boards_sql),
      SQLFile(builtIn: "notifications", PackageResources.notifications_sql),
      SQLFile(builtIn: "positions", PackageResources.positions_sql),
      SQLFile(builtIn: "rewards", PackageResources.rewards_sql),
      SQLFile(builtIn: "search", PackageResources.search_sql),
    ] + comeLater.map(later)

  /// Handlers of jobs that are not part of this release.
  ///
  /// Their events are dead letters of a kind that says so, unless a handler of the operator takes them.
  private static let comeLater = [
    (name: "email", types: "job.email.*", job: "outbox-delivery"),
    (name: "enrichment", types: "analytics.*", job: "the enrichment of analytics"),
    (name: "user_created", types: "user_created", job: "outbox-delivery"),
  ]

  private static func later(name: String, types: String, job: String) -> SQLFile {
    let text = """
      -- handles: \(types)
      -- fallback: true
      select n, 'absent' as outcome, '\(job) is not part of this release' as message from events
      """
    return SQLFile(builtIn: name, Array(text.utf8))
  }

  /// The built-in handlers and those of the folder, or those that are chosen.
  static func all(folder: String?, chosen: [String]?, _ env: inout Environment) -> [Handler] {
    [SQLFile].builtIn(builtIn, andFrom: folder, named: "EVENTS_HANDLERS_DIR", &env)
      .chosen(chosen, named: "EVENTS_HANDLERS", kind: "handler", &env)
      .map(Handler.init)
  }

  init(_ file: SQLFile) {
    var (facts, problem) = (Facts(), String?.none)
    for line in String(decoding: file.text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.hasPrefix("--") else { break }
      guard let complaint = facts.read(line.dropFirst(2)) else { continue }
      problem = problem ?? "\(file.place): \(complaint)"
    }
    if facts.types.isEmpty { problem = problem ?? "\(file.place): it does not begin with a comment `handles: TYPE`" }
    self.file = problem.map(file.refused) ?? file
    (types, isOrdered, isFallback) = (facts.types, facts.isOrdered, facts.isFallback)
    (attempts, timeout) = (facts.attempts, facts.timeout)
    needs = facts.needs.map { need in
      var need = need
      if !file.isBuiltIn { need.origin = .application(otherwise: "leave \(file.name) out of EVENTS_HANDLERS") }
      return need
    }
  }

  var takers: [Reading.Taker] {
    types.map { .init(pattern: $0, handler: name, isOrdered: isOrdered, isFallback: isFallback) }
  }

  /// What the comments of a file say.
  private struct Facts {
    var types: [String] = []
    var isOrdered = false
    var isFallback = false
    var attempts: Int?
    var timeout: Duration?
    var needs: [TableNeed] = []

    /// Reads a comment; one that is no fact is for people.
    ///
    /// - Returns: what is wrong with it.
    mutating func read(_ comment: Substring) -> String? {
      let words = comment.split(separator: ":", maxSplits: 1)
      guard words.count == 2 else { return nil }
      let value = words[1].split(separator: " ").joined(separator: " ")
      switch words[0].split(separator: " ").joined(separator: " ") {
      case "handles":
        types = value.split(separator: ",").map { String($0.filter { $0 != " " }) }
        return types.contains { $0.isEmpty || $0.dropLast().contains("*") }
          ? "handles: «\(value)» is not a list of types; only the last character may be *" : nil
      case "order":
        isOrdered = value == "key"
        return ["key", "none"].contains(value) ? nil : "order: «\(value)» is neither key nor none"
      case "fallback":
        isFallback = value == "true"
        return ["true", "false"].contains(value) ? nil : "fallback: «\(value)» is neither true nor false"
      case "attempts":
        attempts = Int(value).flatMap { (1...100).contains($0) ? $0 : nil }
        return attempts == nil ? "attempts: «\(value)» is not a number from 1 to 100" : nil
      case "timeout":
        timeout = DurationText.parse(value).flatMap { $0 > .zero ? $0 : nil }
        return timeout == nil ? "timeout: «\(value)» is not a duration such as 10s" : nil
      case "needs": return readNeeds(value)
      default: return nil
      }
    }

    /// Reads `table(column, column) select, update; other_table(column) insert`.
    private mutating func readNeeds(_ text: String) -> String? {
      for part in text.split(separator: ";") {
        let pieces = part.split(separator: "(", maxSplits: 1)
        let rest = pieces.last?.split(separator: ")", maxSplits: 1) ?? []
        guard pieces.count == 2, rest.count == 2 else { return Self.complaint(about: part) }
        let privileges = rest[1].split(separator: ",").map { word in
          TableNeed.Privilege(rawValue: String(word.filter { $0 != " " }))
        }
        guard !privileges.isEmpty, !privileges.contains(nil) else { return Self.complaint(about: part) }
        needs.append(
          TableNeed(
            String(pieces[0].filter { $0 != " " }),
            columns: rest[0].split(separator: ",").map { String($0.filter { $0 != " " }) },
            privileges: privileges.compactMap(\.self)))
      }
      return nil
    }

    private static func complaint(about part: Substring) -> String {
      "needs: «\(part)» is not of the form table(column, column) select, insert, update, delete"
    }
  }
}
