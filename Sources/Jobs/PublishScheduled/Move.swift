import Events
import JobRuntime
import Postgres

/// A change of state that posts of a table are due for.
struct Move: Sendable {
  enum Kind: Sendable { case publish, unpublish, hold }

  let kind: Kind
  let table: TableName
  let columns: Columns
  var from: String
  var to: String
  /// The column that says when, for messages and indexes.
  let dueColumn: String
  /// The moment, over the row `post`.
  let due: SQLFragment
  /// What `published_at` becomes, as a moment; `nil` where it stays.
  var published: SQLFragment?
  /// `PUBLISH_TIMEZONE`.
  var zone: String?
  /// Whether `published_at` has no time zone, and takes the wall clock of `PUBLISH_TIMEZONE`.
  var isPublishedLocal = false
  /// Posts whose moment cannot be calculated, where that was found out: then no post's is that is not `from`.
  var unreadable: [String]?
  /// Whether the moment is what `PUBLISH_DUE_AT` yields.
  var isOwnExpression = false

  /// The type of its event.
  var event: String {
    switch kind {
    case .publish: "post.published"
    case .unpublish: "post.unpublished"
    case .hold: "post.missed"
    }
  }

  /// The states of posts that come too late, and that are given up.
  static let missed = "missed"
  static let failed = "failed"

  /// The same posts, which come too late.
  var holding: Move {
    Move(kind: .hold, table: table, columns: columns, from: from, to: Move.missed, dueColumn: dueColumn, due: due)
  }

  /// The same posts, which are given up.
  var givingUp: Move {
    var move = self
    move.to = Move.failed
    return move
  }

  /// Posts that were given up, which are to be tried again.
  var tryingAgain: Move {
    var move = self
    (move.from, move.to) = (givingUp.to, from)
    return move
  }

  /// What names a post and its moment, in events and dead letters.
  func item(_ id: String, due: String) -> String {
    let end =
      switch kind {
      case .publish: ""
      case .unpublish: "/unpublished"
      case .hold: "/missed"
      }
    return "\(table.text)/\(id)/\(due)\(end)"
  }

  // MARK: Statements

  /// Which page of the due posts is meant.
  enum Chosen: Sendable {
    case first
    case after(due: String, id: String)
    case only([String])
  }

  func page(_ chosen: Chosen, isWaiting: Bool, limit: Int, _ moments: Moments) throws -> Statement {
    var inputs: [String: any PostgresEncodable] = ["limit": limit, "too_late": moments.tooLate]
    let after: SQLFragment
    switch chosen {
    case .first: after = .empty
    case .after(let due, let id):
      after = SQLFragment(sql: "and ({due}, post.{id}) > (:after_due::timestamptz, :after_id)").filling(
        holes("due", "id"))
      inputs["after_due"] = due
      inputs["after_id"] = id
    case .only(let ids):
      after = SQLFragment(sql: "and post.{id} = any (:ids)").filling(holes("id"))
      inputs["ids"] = ids
    }
    let waiting = isWaiting ? SQLFragment.empty : SQLFragment(sql: "skip locked")
    return try SQLFragment("page.sql", PackageResources.page_sql)
      .filling(holes("id", "due", "table", "status").merging(["after": after, "waiting": waiting]) { $1 })
      .binding(values(moments).merging(inputs) { $1 }).statement()
  }

  /// - Parameters:
  ///   - runID: whose events they are; it makes their names different from those of any other time that the posts are moved.
  ///   - instance: the run's.
  ///   - moment: the run's.
  func carryingOut(
    _ posts: some Collection<DuePost>, by runID: some CustomStringConvertible & PostgresEncodable, of instance: String,
    at moment: Timestamp
  ) throws -> Statement {
    var change = SQLFragment.empty
    if let published, let column = columns.publishedAt {
      change = SQLFragment(
        sql: isPublishedLocal ? ", {column} = {moment} at time zone :zone::text" : ", {column} = {moment}"
      )
      .filling(["column": .identifier(column), "moment": published])
    }
    return try SQLFragment("move.sql", PackageResources.move_sql)
      .filling(
        holes("id", "due", "table", "status").merging([
          "published_at": change, "published": published ?? SQLFragment(sql: "null::timestamptz"),
          "written": Outbox.writing(SQLFragment(sql: "happened")),
        ]) { $1 }
      )
      .binding(inputs(posts))
      .binding([
        "from": from, "dedups": posts.map { "\(item($0.id, due: $0.due))/\(runID)" }, "type": event,
        "instance": instance, "table_name": table.text, "shown": table.shown, "status_column": columns.status,
        "run_id": runID, "moment": moment,
      ]).statement()
  }

  /// Which of the posts are in another state than they were moved to.
  func strays(of posts: some Collection<DuePost>) throws -> Statement {
    try SQLFragment("strays.sql", PackageResources.strays_sql)
      .filling(holes("id", "table", "status").merging(["due": due]) { $1 }).binding(inputs(posts)).statement()
  }

  private func inputs(_ posts: some Collection<DuePost>) -> [String: any PostgresEncodable] {
    let ids = posts.map(\.id)
    return zoneInput.merging(["to": to, "ids": ids, "id_texts": ids, "due_list": posts.map(\.due)]) { $1 }
  }

  /// The moment by itself, to be parsed.
  func alone() throws -> Statement {
    try SQLFragment(sql: "select {due} as due_at from {table} as post")
      .filling(holes("table").merging(["due": due]) { $1 }).statement()
  }

  /// Statements that fail where a state is none of the column's type.
  func takingStates(_ states: [String]) throws -> [Statement] {
    try states.map { state in
      try SQLFragment(sql: "select from {table} as post where post.{status} = :state limit 0")
        .filling(holes("table", "status")).binding(["state": state]).statement()
    }
  }

  func standing(_ moments: Moments) throws -> Statement {
    let publishedAt = columns.publishedAt.map { SQLFragment(sql: "post.{column}").filling(["column": .identifier($0)]) }
    return try SQLFragment("standing.sql", PackageResources.standing_sql)
      .filling(
        holes("due", "table", "status").merging([
          "published_at": publishedAt ?? SQLFragment(sql: "null::timestamptz")
        ]) { $1 }
      )
      .binding(values(moments)).statement()
  }

  func footing() throws -> Statement {
    try Statement(
      file: "footing.sql", PackageResources.footing_sql, binding: ["shown": table.shown, "id_column": columns.id])
  }

  func planned(_ moments: Moments) throws -> Statement {
    try SQLFragment("planned.sql", PackageResources.planned_sql).filling(holes("due", "table", "status"))
      .binding(values(moments)).binding(["too_late": moments.tooLate]).statement()
  }

  /// The guard's verdicts of some posts, or of all that are due.
  func guarded(by file: SQLFile, only ids: [String]?) -> SQLFile {
    let chosen =
      ids == nil
      ? SQLFragment(
        sql: """
          post.{id} in (
            select post.{id} from {table} as post
            where post.{status} = :from and {due} > '-infinity' and {due} <= :until
              and coalesce({due} >= :too_late::timestamptz, true))
          """
      ).filling(holes("id", "table", "status", "due"))
      : SQLFragment(sql: "post.{id} = any (:ids)").filling(holes("id"))
    return file.wrapped(
      in: SQLFragment("guarded.sql", PackageResources.guarded_sql)
        .filling(holes("id", "table").merging(["chosen": chosen]) { $1 }))
  }

  /// - Parameter ids: as in `guarded(by:only:)`.
  func guardValues(_ moments: Moments, only ids: [String]? = nil) -> [String: any PostgresEncodable] {
    var inputs = values(moments).merging(["too_late": moments.tooLate]) { $1 }
    inputs["moment"] = moments.until
    inputs["table"] = table.text
    inputs["ids"] = ids
    return inputs
  }

  private func values(_ moments: Moments) -> [String: any PostgresEncodable] {
    zoneInput.merging(["from": from, "until": moments.until]) { $1 }
  }

  var zoneInput: [String: any PostgresEncodable] { zone.map { ["zone": $0] } ?? [:] }

  func holes(_ names: String...) -> [String: SQLFragment] {
    let all: [String: SQLFragment] = [
      "id": .identifier(columns.id), "table": table.fragment, "status": .identifier(columns.status), "due": moment,
    ]
    return all.filter { names.contains($0.key) }
  }

  private var moment: SQLFragment {
    guard let unreadable else { return due }
    // Nothing but a CASE makes sure of what is calculated.
    return SQLFragment(
      sql: "(case when post.{status} = :from and post.{id} <> all (:unreadable) then {due} end)",
      ["unreadable": unreadable]
    ).filling(["status": .identifier(columns.status), "id": .identifier(columns.id), "due": due])
  }
}

/// The moments that a run goes by.
struct Moments: Sendable {
  /// What is due at this moment is published.
  var until: Timestamp
  /// What was due before is too late.
  var tooLate: Timestamp?
}

/// A post that is due, and locked.
struct DuePost: Sendable {
  var id: String
  var due: String
  var isTooLate: Bool
}

extension Move {
  /// Changes the state of posts, and nothing else.
  ///
  /// - Parameter due: when they are due; `nil` whenever that is.
  func changing(only ids: [String], due moment: String? = nil) throws -> Statement {
    let condition = moment.map {
      SQLFragment(sql: "and {due} = :due_at::timestamptz", ["due_at": $0]).filling(holes("due"))
    }
    return try SQLFragment(
      sql: """
        update {table} as post set {status} = :to
        where post.{id} = any (:ids) and post.{status} = :from {condition}
        returning post.{status} is not distinct from :to as is_there
        """
    ).filling(holes("table", "status", "id").merging(["condition": condition ?? .empty]) { $1 })
      .binding(zoneInput).binding(["ids": ids, "from": from, "to": to]).statement()
  }
}
