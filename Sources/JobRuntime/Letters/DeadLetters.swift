import Postgres

/// Every statement that changes a row of `oneshot.dead_letters`: here what a run does by itself, in
/// `DeadLetters+Replay.swift` what it does because somebody asked, in `LetterFilter.swift` what an operator does.
enum DeadLetters {
  /// Writes failures: one row per item of a job, installation and server; failing again, in another run, raises `attempts`. What their kinds mean
  /// is written beside them, where it is not there yet.
  static func record(_ failures: [ItemFailure], of identity: RunIdentity, runID: RunID, at moment: Timestamp)
    -> Statement
  {
    let kinds = failures.reduce(into: [LetterKind]()) { if !$0.contains($1.kind) { $0.append($1.kind) } }
    // The key is a digest because an item may be longer than a B-tree takes (2,704 bytes).
    return """
      with declared as (
        insert into oneshot.letter_kinds as k (job, kind, cause, remedy, last_declared_at)
        select \(identity.job), kind, cause, remedy, \(moment)
        from unnest(
          \(kinds.map(\.name))::text[], \(kinds.map(\.cause))::text[], \(kinds.map(\.remedy))::text[]
        ) as declared (kind, cause, remedy)
        -- On conflict locks a row even where it changes nothing, and lanes and shards write at once.
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

  /// Marks what is pending of these items as resolved; nobody needs to ask for them any more.
  static func resolve(_ items: [String], of identity: RunIdentity) throws(PostgresError) -> Statement {
    let names = items.map(\.storableName)
    return try resolve(where: SQLFragment(sql: "letter.item = any (:items::text[])", ["items": names]), of: identity)
  }

  /// The same for pending letters of which a condition holds.
  ///
  /// - Parameter condition: over `letter`, a row of `oneshot.dead_letters`.
  static func resolve(where condition: SQLFragment, of identity: RunIdentity) throws(PostgresError) -> Statement {
    try SQLFragment(
      sql: """
        update oneshot.dead_letters as letter
        set state = 'resolved', replay_asked_at = null, replay_asked_by = null, replay_run_id = null
        where (letter.instance, letter.job) = (:run_instance, :run_job) and letter.server in (:run_server, '')
          and letter.state = 'pending' and (
        {condition}
        )
        """,
      ["run_instance": identity.instance, "run_job": identity.job, "run_server": identity.server]
    ).filling(["condition": condition]).statement()
  }
}
