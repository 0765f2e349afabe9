import Postgres

/// What a run does with letters that somebody asked to be replayed. Letters of before servers were noted are anybody's.
extension DeadLetters {
  /// A place in the order in which runs are given letters: first those that no run was given yet, then those that were
  /// given longest ago (ids of runs sort by time).
  struct Position: Sendable, Equatable {
    var runID = noRun
    var askedAt = "-infinity"
    var digest = ""
  }

  /// Stands for no run.
  private static let noRun = "00000000-0000-0000-0000-000000000000"

  /// A letter that a run is given: its digest, and since when it is asked for.
  typealias Given = (digest: String, askedAt: Timestamp)

  static func given(_ letter: DeadLetter) -> Given { (letter.digest, letter.askedAt ?? Timestamp(seconds: 0)) }

  /// A page of what is asked of a job, in order.
  static func asked(_ identity: RunIdentity, after place: Position, limit: Int) throws(PostgresError) -> Statement {
    try statement(
      """
      select {columns}
      from oneshot.dead_letters as letter
      where {own} and replay_asked_at is not null and state = 'pending'
        -- What is read of a longer name would be another item.
        and octet_length(item) <= :longest_item
        and (coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest)
          > (:after_run::uuid, :after_asked_at::timestamptz, decode(:after_digest, 'hex'))
      order by coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest
      limit :limit
      """,
      [
        "after_run": place.runID, "after_asked_at": place.askedAt, "after_digest": place.digest, "limit": limit,
        "longest_item": LetterSize.item,
      ], of: identity)
  }

  /// Notes that a run is given letters: who asks again from now on asks for another replay.
  static func give(_ letters: [Given], of identity: RunIdentity, to runID: RunID) throws(PostgresError) -> Statement {
    try statement(
      """
      update oneshot.dead_letters as letter set replay_run_id = :run_id
      from unnest(:digests::text[], :asked_at::timestamptz[]) as given (digest, asked_at)
      where {own} and letter.item_digest = decode(given.digest, 'hex') and letter.replay_asked_at = given.asked_at
      """,
      ["run_id": runID, "digests": letters.map(\.digest), "asked_at": letters.map(\.askedAt)], of: identity)
  }

  /// Which of these letters a run has rejected.
  static func rejected(
    _ digests: [String], of identity: RunIdentity, by runID: RunID
  ) throws(PostgresError) -> Statement {
    try statement(
      """
      select encode(item_digest, 'hex') as digest from oneshot.dead_letters as letter
      where {own} and last_run_id = :run_id
        and item_digest in (select decode(digest, 'hex') from unnest(:digests::text[]) as given (digest))
      """,
      ["run_id": runID, "digests": digests], of: identity)
  }

  /// Ends the asking for what a run has done, or has rejected again; what it has not rejected is resolved. What was
  /// asked again meanwhile stays as it is.
  ///
  /// - Parameter done: the digests of those that the job says it has dealt with.
  static func settle(
    _ letters: [Given], done: Set<String>, of identity: RunIdentity, by runID: RunID
  ) throws(PostgresError) -> Statement {
    try statement(
      """
      update oneshot.dead_letters as letter
      set state = case when letter.last_run_id = :run_id then 'pending' else 'resolved' end,
        replay_asked_at = null, replay_asked_by = null, replay_run_id = null
      from unnest(:digests::text[], :asked_at::timestamptz[], :are_done::boolean[]) as given (digest, asked_at, is_done)
      where {own} and letter.item_digest = decode(given.digest, 'hex') and letter.replay_asked_at = given.asked_at
        and letter.state = 'pending' and (given.is_done or letter.last_run_id = :run_id)
      """,
      [
        "run_id": runID, "digests": letters.map(\.digest), "asked_at": letters.map(\.askedAt),
        "are_done": letters.map { done.contains($0.digest) },
      ], of: identity)
  }

  /// What has become of letters that a run was given.
  static func outcome(
    _ digests: [String], of identity: RunIdentity, of runID: RunID
  ) throws(PostgresError) -> Statement {
    try statement(
      """
      select count(*) filter (where letter.state = 'resolved') as resolved,
        count(*) filter (where letter.state = 'pending' and letter.last_run_id = :run_id) as failed_again,
        count(*) filter (where letter.state = 'pending' and letter.last_run_id <> :run_id) as left
      from unnest(:digests::text[]) as given (digest)
      join oneshot.dead_letters as letter on {own} and letter.item_digest = decode(given.digest, 'hex')
      """,
      ["run_id": runID, "digests": digests], of: identity)
  }

  /// A few of those that a run was given and did not deal with.
  static func left(
    _ digests: [String], of identity: RunIdentity, by runID: RunID
  ) throws(PostgresError) -> Statement {
    try statement(
      """
      select left(letter.item, 200) as item, given.digest
      from unnest(:digests::text[]) as given (digest)
      join oneshot.dead_letters as letter on {own} and letter.item_digest = decode(given.digest, 'hex')
      where letter.state = 'pending' and letter.last_run_id <> :run_id
      limit 5
      """,
      ["run_id": runID, "digests": digests], of: identity)
  }
}

extension DeadLetter {
  /// Where it is among all that are asked for.
  var position: DeadLetters.Position {
    var position = DeadLetters.Position()
    if let replayRunID { position.runID = replayRunID }
    (position.askedAt, position.digest) = (askedAt?.rfc3339 ?? "-infinity", digest)
    return position
  }
}
