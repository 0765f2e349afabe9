import Postgres

/// What a run does with letters whose replay somebody has requested. Letters from the time before servers were recorded
/// may be taken by any run.
extension DeadLetters {
  /// A place in the order in which letters are assigned to runs: first those that were never assigned, then those that
  /// were assigned longest ago (ids of runs sort by time).
  struct Position: Sendable, Equatable {
    var runID = noRun
    var requestedAt = "-infinity"
    var digest = ""
  }

  /// The id that stands for no run.
  private static let noRun = "00000000-0000-0000-0000-000000000000"

  /// A letter that is assigned to a run: its digest, and when its replay was requested.
  typealias Assignment = (digest: String, requestedAt: Timestamp)

  static func assignment(of letter: DeadLetter) -> Assignment {
    (letter.digest, letter.replayRequestedAt ?? Timestamp(seconds: 0))
  }

  /// A page of the letters whose replay is requested, in order.
  static func requested(_ identity: RunIdentity, after place: Position, limit: Int) throws(PostgresError) -> Statement {
    try statement(
      """
      select {columns}
      from oneshot.dead_letters as letter
      where {own} and replay_asked_at is not null and state = 'pending'
        -- A longer name is read only in part, which would be another item.
        and octet_length(item) <= :longest_item
        and (coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest)
          > (:after_run::uuid, :after_requested_at::timestamptz, decode(:after_digest, 'hex'))
      order by coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest
      limit :limit
      """,
      [
        "after_run": place.runID, "after_requested_at": place.requestedAt, "after_digest": place.digest, "limit": limit,
        "longest_item": LetterSize.item,
      ], of: identity)
  }

  /// Assigns letters to a run: a request from now on is for another replay.
  static func assign(_ letters: [Assignment], of identity: RunIdentity, to runID: RunID) throws(PostgresError)
    -> Statement
  {
    try statement(
      """
      update oneshot.dead_letters as letter set replay_run_id = :run_id
      from unnest(:digests::text[], :requested_at::timestamptz[]) as assigned (digest, requested_at)
      where {own} and letter.item_digest = decode(assigned.digest, 'hex') and letter.replay_asked_at = assigned.requested_at
      """,
      ["run_id": runID, "digests": letters.map(\.digest), "requested_at": letters.map(\.requestedAt)], of: identity)
  }

  /// Which of these letters a run has rejected.
  static func rejected(
    _ digests: [String], of identity: RunIdentity, by runID: RunID
  ) throws(PostgresError) -> Statement {
    try statement(
      """
      select encode(item_digest, 'hex') as digest from oneshot.dead_letters as letter
      where {own} and last_run_id = :run_id
        and item_digest in (select decode(digest, 'hex') from unnest(:digests::text[]) as assigned (digest))
      """,
      ["run_id": runID, "digests": digests], of: identity)
  }

  /// Ends the requests for letters that a run has done, or has rejected again; those that it has not rejected are
  /// resolved.
  ///
  /// Letters that were requested again meanwhile stay as they are.
  ///
  /// - Parameter done: the digests of those that the job reports as done.
  static func settle(
    _ letters: [Assignment], done: Set<String>, of identity: RunIdentity, by runID: RunID
  ) throws(PostgresError) -> Statement {
    try statement(
      """
      update oneshot.dead_letters as letter
      set state = case when letter.last_run_id = :run_id then 'pending' else 'resolved' end,
        replay_asked_at = null, replay_asked_by = null, replay_run_id = null
      from unnest(:digests::text[], :requested_at::timestamptz[], :are_done::boolean[]) as assigned (digest, requested_at, is_done)
      where {own} and letter.item_digest = decode(assigned.digest, 'hex') and letter.replay_asked_at = assigned.requested_at
        and letter.state = 'pending' and (assigned.is_done or letter.last_run_id = :run_id)
      """,
      [
        "run_id": runID, "digests": letters.map(\.digest), "requested_at": letters.map(\.requestedAt),
        "are_done": letters.map { done.contains($0.digest) },
      ], of: identity)
  }

  /// The outcome of the letters that were assigned to a run.
  static func outcome(
    _ digests: [String], of identity: RunIdentity, of runID: RunID
  ) throws(PostgresError) -> Statement {
    try statement(
      """
      select count(*) filter (where letter.state = 'resolved') as resolved,
        count(*) filter (where letter.state = 'pending' and letter.last_run_id = :run_id) as failed_again,
        count(*) filter (where letter.state = 'pending' and letter.last_run_id <> :run_id) as left
      from unnest(:digests::text[]) as assigned (digest)
      join oneshot.dead_letters as letter on {own} and letter.item_digest = decode(assigned.digest, 'hex')
      """,
      ["run_id": runID, "digests": digests], of: identity)
  }

  /// A few of the letters that were assigned to a run and are not done.
  static func left(
    _ digests: [String], of identity: RunIdentity, by runID: RunID
  ) throws(PostgresError) -> Statement {
    try statement(
      """
      select left(letter.item, 200) as item, assigned.digest
      from unnest(:digests::text[]) as assigned (digest)
      join oneshot.dead_letters as letter on {own} and letter.item_digest = decode(assigned.digest, 'hex')
      where letter.state = 'pending' and letter.last_run_id <> :run_id
      limit 5
      """,
      ["run_id": runID, "digests": digests], of: identity)
  }
}

extension DeadLetter {
  /// Its place among all requested letters.
  var position: DeadLetters.Position {
    var position = DeadLetters.Position()
    if let replayRunID { position.runID = replayRunID }
    (position.requestedAt, position.digest) = (replayRequestedAt?.rfc3339 ?? "-infinity", digest)
    return position
  }
}
