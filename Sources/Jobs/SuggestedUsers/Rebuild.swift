import JobRuntime
import Postgres

/// Everybody's lists, by id. A run that was stopped is gone on with by the next one.
extension ListPass {
  mutating func rebuild() async throws {
    let (shard, count) = (run.shard.index, run.shard.count)
    let cursor: Statement = """
      select after_id from oneshot.suggestion_cursors where (shard, shard_count) = (\(shard), \(count))
      """
    var after: String? = try await run.read(cursor).first?.value("after_id")
    if let after { run.log.info("continuing a rebuild", ["after": .string(after)]) }
    while true {
      let users = try await run.read(suggestions.page(after: after).limited(to: run.timeLeft)).map { row in
        Queued(id: try row.value("user_id"), urgency: try row.value("urgency"))
      }
      guard let last = users.last else { break }
      try await make(users)
      after = last.id
      guard !run.isDryRun else { continue }
      try await run.transaction { tx in
        try tx.execute(
          """
          insert into oneshot.suggestion_cursors (shard, shard_count, after_id) values (\(shard), \(count), \(last.id))
          on conflict (shard) do update set shard_count = excluded.shard_count, after_id = excluded.after_id
          """)
      }
    }
    guard !run.isDryRun else { return }
    try await run.transaction { tx in
      try tx.execute("delete from oneshot.suggestion_cursors where shard = \(shard)")
    }
  }
}
