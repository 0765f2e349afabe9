import Postgres

/// One item that could not be done, on its way to `oneshot.dead_letters` and to the result.
public struct ItemFailure: Sendable, Equatable {
  /// What names the item to a person and to a replay, for example the Redis key.
  public var item: String
  /// A short word for the kind of failure, for example `wrong_type`.
  public var kind: String
  /// What is wrong, and what to do.
  public var message: String
  /// What else is known of the item.
  public var payload: JSON

  public init(item: String, kind: String, message: String, payload: JSON = [:]) {
    self.item = item
    self.kind = kind
    self.message = message
    self.payload = payload
  }
}

enum DeadLetters {
  /// Marks what stands pending of these items as resolved; nobody needs to ask for them any more.
  static func resolve(_ items: [String], job: String) -> Statement {
    """
    update oneshot.dead_letters
    set state = 'resolved', replay_asked_at = null, replay_asked_by = null, replay_run_id = null
    where job = \(job) and state = 'pending' and item = any (\(items.map(\.storableName))::text[])
    """
  }

  /// Writes failures: one row per job and item; failing again, in another run, raises `attempts`.
  static func record(_ failures: [ItemFailure], job: String, runID: RunID, at moment: Timestamp) -> Statement {
    // The key is a digest because an item may be longer than a B-tree takes (2,704 bytes).
    """
    insert into oneshot.dead_letters as d (
      job, item_digest, item, payload, error_kind, error_message, attempts, first_failed_at, last_failed_at,
      last_run_id, state)
    select distinct on (item) \(job), sha256(convert_to(item, 'UTF8')), item, payload::jsonb, kind, message, 1,
      \(moment), \(moment), \(runID), 'pending'
    from unnest(
      \(failures.map(\.item.storableName))::text[], \(failures.map(\.kind))::text[], \(failures.map(\.message.storable))::text[],
      \(failures.map(\.payload.storableText))::text[]) as failure (item, kind, message, payload)
    on conflict (instance, job, server, item_digest) do update
    set attempts = d.attempts + (d.last_run_id <> excluded.last_run_id)::integer, payload = excluded.payload,
      error_kind = excluded.error_kind, error_message = excluded.error_message,
      last_failed_at = excluded.last_failed_at, last_run_id = excluded.last_run_id, state = 'pending',
      -- Asked for only while it is pending: a binary of before replay resolves without ending the asking.
      replay_asked_at = case when d.state = 'pending' then d.replay_asked_at end,
      replay_asked_by = case when d.state = 'pending' then d.replay_asked_by end,
      replay_run_id = case when d.state = 'pending' then d.replay_run_id end
    """
  }
}
