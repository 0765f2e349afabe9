import JobRuntime
import Postgres

/// Every run tries all posts that are due, so a replay only has to schedule again what was given up.
extension PublishScheduled: Replayable {
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    moves(for: shard).contains { letter.hasPayload("table", $0.table.text) }
  }

  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    for move in moves(for: run.shard) where move.kind == .publish {
      let givenUp = letters.filter { $0.kind == LetterKind.gaveUp.name && $0.hasPayload("table", move.table.text) }.map(
        \.payload)
      guard !givenUp.isEmpty else { continue }
      try await run.transaction { tx in
        let ids = try tx.query(
          "select payload::jsonb ->> 'id' as id from unnest(\(givenUp)::text[]) as letter (payload)"
        )
        .map { try $0.value("id", as: String.self) }
        try tx.execute(move.tryingAgain.changing(only: ids))
      }
    }
    // What is scheduled again needs no more, and what was published or deleted meanwhile neither; what is refused once more
    // is pending once more.
    return letters.map { $0.kind == LetterKind.gaveUp.name ? .done : .leftToRun }
  }
}
