import JobRuntime
import Postgres

/// What a batch has tried to change, besides what went well.
struct Changes {
  /// How long it waits for what triggers want to lock.
  var patience: Patience
  var refused: [Refused] = []
  /// Posts that could not be moved for now.
  var waiting: [DuePost] = []
  /// How posts were moved.
  var kinds: Set<Move.Kind> = []
}

/// A post that the application's database does not let be what it should.
struct Refused {
  var move: Move
  var post: DuePost
  var reason: Reason

  enum Reason {
    case error(PostgresError.ServerError)
    /// A trigger has left it as it was, without an error.
    case untouched
    /// A trigger has made it something else.
    case elsewhere(state: String?)
  }

  var message: String {
    switch reason {
    case .error(let error): error.inShort
    case .untouched: "a trigger of \(move.table.text) leaves the post as it is, without an error"
    case .elsewhere(let state): "a trigger of \(move.table.text) makes it «\(state ?? "null")» instead of «\(move.to)»"
    }
  }
}

extension Batch {
  struct Moved {
    var id: String
    var lateMs: Int64
  }

  /// Carries out a move, with its events; posts that are refused are found by halves, and the others go on.
  ///
  /// - Throws: the server's error where it is of the statement, whatever the posts.
  func apply(
    _ move: Move, _ posts: [DuePost], _ tx: borrowing Transaction, _ changes: inout Changes
  ) throws -> [Moved] {
    let moved = try apply(move, posts[...], tx, &changes)
    if !moved.isEmpty { changes.kinds.insert(move.kind) }
    return moved
  }

  private func apply(
    _ move: Move, _ posts: ArraySlice<DuePost>, _ tx: borrowing Transaction, _ changes: inout Changes
  ) throws -> [Moved] {
    guard let only = posts.first else { return [] }
    do {
      let (rows, strays) = try change(
        move.carryingOut(posts, by: run.id, of: run.instance, at: run.scheduledAt), move.strays(of: posts), tx,
        within: changes.patience)
      var moved: [Moved] = []
      var states: [ExactName: String?] = [:]
      for row in rows {
        let id: String = try row.value("id")
        if try row.value("is_there") {
          moved.append(Moved(id: id, lateMs: try row.value("late_ms")))
        } else {
          states[ExactName(id)] = try row.optional("state", as: String.self)
        }
      }
      for row in strays { states[ExactName(try row.value("id"))] = try row.optional("state", as: String.self) }
      let there = Set(moved.map { ExactName($0.id) }).subtracting(states.keys)
      guard there.count < posts.count else {
        try tx.query("release savepoint move")
        return moved
      }
      // Neither stays what triggers have done beside it.
      try tx.pipeline(Self.undo)
      for post in posts where !there.contains(ExactName(post.id)) {
        let state = states[ExactName(post.id)]
        changes.refused.append(
          Refused(move: move, post: post, reason: state.map { .elsewhere(state: $0) } ?? .untouched))
      }
      return try apply(move, posts.filter { there.contains(ExactName($0.id)) }[...], tx, &changes)
    } catch PostgresError.server(let error) where error.concern.isOfSomePosts {
      try tx.pipeline(Self.undo)
      if error.concern == .moment { changes.patience.isSpent = true }
      guard posts.count == 1 else {
        let middle = posts.startIndex + posts.count / 2
        return try apply(move, posts[..<middle], tx, &changes) + apply(move, posts[middle...], tx, &changes)
      }
      if error.concern == .moment {
        run.log.info(
          "a post cannot be moved for now",
          ["post": .string("\(move.table.text)/\(only.id)"), "error": .string(error.inShort)])
        changes.waiting.append(only)
      } else {
        changes.refused.append(Refused(move: move, post: only, reason: .error(error)))
      }
      return []
    }
  }

  private static let undo: [Statement] = ["rollback to savepoint move", "release savepoint move"]

  /// Changes posts behind the savepoint `move`, which stays, and checks at once what is left to the COMMIT.
  ///
  /// - Returns: the rows of both statements.
  private func change(
    _ statement: Statement, _ after: Statement, _ tx: borrowing Transaction, within patience: Patience
  ) throws -> (Rows, Rows) {
    let answers = try tx.pipeline(
      [patience.limits, "savepoint move", statement.limited(to: run.timeLeft)]
        + Session.constraintCheck(limit: run.timeLeft)
        + [after])
    return (answers[2], answers[answers.count - 1])
  }

  /// Puts a post into the state `failed`.
  ///
  /// - Returns: why that cannot be.
  func giveUp(_ refused: Refused, _ tx: borrowing Transaction, within patience: Patience) throws -> String? {
    let move = refused.move.givingUp
    do {
      let (rows, strays) = try change(
        move.changing(only: [refused.post.id], due: refused.post.due), move.strays(of: [refused.post]), tx,
        within: patience)
      if rows.count == 1, try rows.only().value("is_there"), strays.isEmpty {
        try tx.query("release savepoint move")
        return nil
      }
      try tx.pipeline(Self.undo)
      return "a trigger leaves the post as it is, or makes it something else"
    } catch PostgresError.server(let error) where error.concern.isOfSomePosts {
      try tx.pipeline(Self.undo)
      return error.inShort
    }
  }
}

/// What an error of a change is about.
enum Concern {
  /// One of the posts: its data, a constraint, what a trigger raises.
  case post
  /// One post cannot be moved for now: its triggers wait for a lock that another session holds.
  case moment
  /// The statement, and so all posts of the table: no such column, a missing grant.
  case table
  /// The connection or the server.
  case run

  var isOfSomePosts: Bool { self == .post || self == .moment }
}

extension PostgresError.ServerError {
  var concern: Concern {
    if ["40001", "40P01", "55P03", "57014"].contains(state.rawValue) { return .moment }
    switch state.errorClass {
    case "25", "26", "28", "57", "58", "F0", "XX": return .run
    // Within a function it may be a branch that only some posts take.
    case "0A", "3F", "42", "55": return context == nil ? .table : .post
    default: return state.isTransient ? .run : .post
    }
  }

  var inShort: String { "\(message) (SQLSTATE \(state.rawValue))" }
}
