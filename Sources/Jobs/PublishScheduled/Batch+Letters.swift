import JobRuntime
import Postgres

extension Batch {
  /// The dead letters of posts that the database refused.
  ///
  /// A post that was in as many runs as are enough is given up, if others of its table went through meanwhile: what
  /// none gets through is more likely a mistake in the settings or the table.
  func failures(_ changes: Changes, _ tx: borrowing Transaction) throws -> [ItemFailure] {
    guard !changes.refused.isEmpty else { return [] }
    let items = changes.refused.map { $0.move.item($0.post.id, due: $0.post.due) }
    var known: [ExactName: (attempts: Int, othersMoved: Bool)] = [:]
    let before = try Statement(
      file: "attempts.sql", PackageResources.attempts_sql,
      binding: ["items": items, "run_id": run.id, "instance": run.instance, "job": PublishScheduled.name])
    for row in try tx.query(before) {
      known[ExactName(try row.value("item"))] = (try row.value("attempts"), try row.value("others_moved"))
    }
    let kinds = earlier.union(changes.kinds)
    return try zip(items, changes.refused).map { item, refused in
      let (attempts, hadOthers) = known[ExactName(item)] ?? (1, false)
      let othersMoved = hadOthers || kinds.contains(refused.move.kind)
      var (kind, message) = (LetterKind.refused, refused.message)
      if settings.giveUp > 0, attempts >= settings.giveUp, othersMoved, refused.move.kind != .unpublish {
        if let reason = try giveUp(refused, tx, within: changes.patience) {
          message += "; and the state failed is refused: \(reason)"
        } else {
          kind = .gaveUp
        }
      }
      return ItemFailure(
        item: item, kind: kind, message: message,
        payload: settings.letter(
          of: refused.post.id, in: refused.move.table,
          [
            "due_at": .string(refused.post.due), "to": .string(refused.move.to), "others_moved": .bool(othersMoved),
          ]))
    }
  }

  /// The pending letters of posts, whatever moments they are for.
  func letters(of ids: [String]) -> SQLFragment {
    SQLFragment(sql: "{of_table} and letter.payload ->> 'id' = any (:moved::text[])", ["moved": ids])
      .filling(["of_table": settings.letters(of: move.table)])
  }
}
