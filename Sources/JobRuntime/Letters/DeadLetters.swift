import Postgres

/// Every statement that changes a row of `oneshot.dead_letters`: here what a run does by itself, in
/// `DeadLetters+Replay.swift` what it does on request, in `LetterFilter.swift` what an operator does.
enum DeadLetters {
  /// The condition for letters that a run may resolve and replay, over `letter`, a row of `oneshot.dead_letters`.
  ///
  /// Any run may take those from the time before servers were recorded.
  static func own(_ identity: RunIdentity) -> SQLFragment {
    SQLFragment(
      sql: """
        (letter.instance, letter.job) = (:run_instance, :run_job) and letter.server in (:run_server, '')
        """,
      ["run_instance": identity.instance, "run_job": identity.job, "run_server": identity.server])
  }

  /// A statement with `own` in its hole `{own}`, and the columns of a letter in its hole `{columns}`.
  static func statement(
    _ sql: String, _ inputs: [String: any PostgresEncodable], of identity: RunIdentity, file: String = #fileID,
    line: Int = #line
  ) throws(PostgresError) -> Statement {
    var holes = ["own": own(identity)]
    if sql.contains("{columns}") { holes["columns"] = LetterSize.columns(of: "letter") }
    return try SQLFragment(sql: sql, inputs, file: file, line: line).filling(holes).statement()
  }

  /// The statements that record failures, in one transaction.
  static func recording(
    _ failures: [ItemFailure], of identity: RunIdentity, runID: RunID, at moment: Timestamp
  ) -> [Statement] {
    (identity.server.isEmpty ? [] : [adopt(failures, of: identity)])
      + [record(failures, of: identity, runID: runID, at: moment)]
  }

  /// Assigns letters from the time before servers were recorded to the Redis in which their items fail now, so that one
  /// item stays one letter.
  ///
  /// Where that Redis has a letter of the item already, the old one is resolved.
  private static func adopt(_ failures: [ItemFailure], of identity: RunIdentity) -> Statement {
    """
    update oneshot.dead_letters as old
    set server = case when is_there then old.server else \(identity.server) end,
      state = case when is_there then 'resolved' else old.state end,
      replay_asked_at = case when not is_there then old.replay_asked_at end,
      replay_asked_by = case when not is_there then old.replay_asked_by end,
      replay_run_id = case when not is_there then old.replay_run_id end
    from unnest(\(failures.map(\.item.storableName))::text[]) as failure (item)
    cross join lateral (
      select exists (
        select from oneshot.dead_letters as d
        where (d.instance, d.job, d.server) = (\(identity.instance), \(identity.job), \(identity.server))
          and d.item_digest = sha256(convert_to(failure.item, 'UTF8'))) as is_there
    ) as own
    where (old.instance, old.job, old.server) = (\(identity.instance), \(identity.job), '')
      and old.item_digest = sha256(convert_to(failure.item, 'UTF8'))
    """
  }

  /// Writes failures: one row for each installation, job, Redis and item; failing again, in another run, raises
  /// `attempts`.
  ///
  /// The meaning of their kinds is written as well, where it is new or changed.
  private static func record(
    _ failures: [ItemFailure], of identity: RunIdentity, runID: RunID, at moment: Timestamp
  ) -> Statement {
    let kinds = failures.reduce(into: [LetterKind]()) { if !$0.contains($1.kind) { $0.append($1.kind) } }
    // The key is a digest because an item may be longer than a B-tree takes (2,704 bytes).
    return """
      with declared as (
        insert into oneshot.letter_kinds as k (job, kind, cause, remedy, last_declared_at)
        select \(identity.job), kind, cause, remedy, \(moment)
        from unnest(
          \(kinds.map(\.name))::text[], \(kinds.map(\.cause))::text[], \(kinds.map(\.remedy))::text[]
        ) as declared (kind, cause, remedy)
        -- "on conflict do update" locks a row even where it changes nothing, and lanes and shards write at the same
        -- time.
        where not exists (
          select from oneshot.letter_kinds as k
          where k.job = \(identity.job) and k.kind = declared.kind and k.cause = declared.cause and k.remedy = declared.remedy)
        order by kind
        on conflict (job, kind) do update
        set cause = excluded.cause, remedy = excluded.remedy, last_declared_at = excluded.last_declared_at
      )
      insert into oneshot.dead_letters as d (
        instance, job, server, variant, item_digest, item, payload, error_kind, error_message, attempts, first_failed_at, last_failed_at,
        last_run_id, state)
      select distinct on (item) \(identity.instance), \(identity.job), \(identity.server), \(identity.variant),
        sha256(convert_to(item, 'UTF8')), item, payload::jsonb, kind, message, 1, \(moment), \(moment), \(runID), 'pending'
      from unnest(
        \(failures.map(\.item.storableName))::text[], \(failures.map(\.kind.name))::text[],
        \(failures.map(\.message.storable))::text[], \(failures.map(\.payload.storableText))::text[]
      ) as failure (item, kind, message, payload)
      on conflict (instance, job, server, item_digest) do update
      set variant = excluded.variant, attempts = d.attempts + (d.last_run_id <> excluded.last_run_id)::integer, payload = excluded.payload,
        error_kind = excluded.error_kind, error_message = excluded.error_message,
        last_failed_at = excluded.last_failed_at, last_run_id = excluded.last_run_id, state = 'pending'
      """
  }

  /// Marks the pending letters of these items as resolved, and ends requests to replay them.
  static func resolve(_ items: [String], of identity: RunIdentity) throws(PostgresError) -> Statement {
    let names = items.map(\.storableName)
    return try resolve(where: SQLFragment(sql: "letter.item = any (:items::text[])", ["items": names]), of: identity)
  }

  /// The same for pending letters that meet a condition.
  ///
  /// - Parameter condition: over `letter`, a row of `oneshot.dead_letters`.
  static func resolve(where condition: SQLFragment, of identity: RunIdentity) throws(PostgresError) -> Statement {
    try SQLFragment(
      sql: """
        update oneshot.dead_letters as letter
        set state = 'resolved', replay_asked_at = null, replay_asked_by = null, replay_run_id = null
        where {own} and letter.state = 'pending' and (
        {condition}
        )
        """
    ).filling(["own": own(identity), "condition": condition]).statement()
  }
}
