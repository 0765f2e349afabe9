import JobRuntime
import Postgres

extension MovePass {
  /// Looks at the tables, and takes the moments by Postgres' clock where that is behind.
  ///
  /// What kind of table it is (`footing.sql`) takes Postgres as long to find out as all else together. So only the first
  /// run of a day that ends well looks, a plan, a check, and every run that is going to write.
  ///
  /// - Returns: the moves, as the columns' types have them, and whether a post is due for each.
  mutating func look(at moves: [Move], isCheck: Bool = false) async throws -> [(move: Move, isDue: Bool)] {
    let past = try await run.read(past()).only()
    hasLetters = try past.value("has_letters")
    moments = settings.moments(run, by: try past.value("server_now"))
    let isFirstOfDay: Bool = try past.value("is_first_of_day")
    let isThorough = isCheck || run.isDryRun || isFirstOfDay
    var (standings, rows): ([(move: Move, isDue: Bool)], [(Move, Row)]) = ([], [])
    for move in moves {
      var found: (move: Move, row: Row)?
      try await sparingOthers(move) { pass in found = try await pass.look(at: move, isThorough) }
      guard let found else { continue }
      standings.append((found.move, try found.row.value("is_due")))
      rows.append(found)
    }
    let next = try rows.compactMap { _, row in
      try row.optional("next_due_ms", as: Int64.self).map { ($0, try row.value("next_due_at", as: String.self)) }
    }
    report.nextDueAt = next.min { $0.0 < $1.0 }?.1
    if isFirstOfDay { try countUndated(rows) }
    try run.checkpoint(report)
    return standings
  }

  private mutating func look(at move: Move, _ isThorough: Bool) async throws -> (move: Move, row: Row) {
    do {
      let row = try await row(of: move, isThorough)
      return (try move.typed(by: row), row)
    } catch PostgresError.server(let error) where error.concern == .post && move.mayFailOnAPost {
      let found = try await run.reading { session in
        try move.unreadable(among: move.waiting(session)[...], session)
      }
      unreadable += found
      var move = move
      move.unreadable = found.map(\.id)
      let row = try await row(of: move, isThorough)
      return (try move.typed(by: row), row)
    }
  }

  private func row(of move: Move, _ isThorough: Bool) async throws -> Row {
    let (states, standing) = (try move.takingStates(settings.states(of: move)), try move.standing(moments))
    let footing = try move.footing()
    let limit = run.timeLeft
    return try await run.reading { session in
      try session.query(Patience().lockLimit)
      if move.isOwnExpression { try move.parseAlone(session) }
      do { try session.pipeline(states) } catch PostgresError.server(let error) where error.concern == .post {
        throw JobFailure(
          .misconfigured, "\(move.columns.status) of \(move.table.text) does not take a state: \(error.inShort)",
          hint: "Correct PUBLISH_FROM, PUBLISH_TO or PUBLISH_UNPUBLISH, or add the state to the column's type.")
      }
      let row = try session.query(standing.limited(to: limit)).only()
      if try isThorough || row.value("is_due") {
        try move.checkFooting(session.query(footing.limited(to: limit)).only())
      }
      return row
    }
  }

  private func past() throws -> Statement {
    let day = Timestamp(seconds: moments.until.microseconds / 86_400_000_000 * 86_400)
    return try Statement(
      file: "past.sql", PackageResources.past_sql,
      binding: ["instance": run.instance, "job": PublishScheduled.name, "variant": run.variant, "day": day])
  }

  /// Posts without a time wait for ever, which may be meant: a reminder once a day is enough.
  private mutating func countUndated(_ rows: [(Move, Row)]) throws {
    var undated = 0
    for (move, row) in rows where move.kind == .publish {
      let count: Int = try row.value("undated")
      undated += count
      guard count > 0 else { continue }
      run.log.warning(
        "posts are scheduled without a time, and are never due",
        ["table": .string(move.table.text), "posts": .integer(Int64(count))])
    }
    report.undated = undated
  }
}
