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
  static func asked(_ identity: RunIdentity, after place: Position, limit: Int) -> Statement {
    """
    select *, encode(item_digest, 'hex') as digest
    from oneshot.dead_letters
    where (instance, job) = (\(identity.instance), \(identity.job)) and server in (\(identity.server), '')
      and replay_asked_at is not null and state = 'pending'
      and (coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest)
        > (\(place.runID)::uuid, \(place.askedAt)::timestamptz, decode(\(place.digest), 'hex'))
    order by coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest
    limit \(limit)
    """
  }

  /// Notes that a run is given letters: who asks again from now on asks for another replay.
  static func give(_ letters: [Given], of identity: RunIdentity, to runID: RunID) -> Statement {
    """
    update oneshot.dead_letters as d set replay_run_id = \(runID)
    from unnest(\(letters.map(\.digest))::text[], \(letters.map(\.askedAt))::timestamptz[]) as given (digest, asked_at)
    where (d.instance, d.job) = (\(identity.instance), \(identity.job)) and d.server in (\(identity.server), '')
      and d.item_digest = decode(given.digest, 'hex') and d.replay_asked_at = given.asked_at
    """
  }

  /// Which of these letters a run has rejected.
  static func rejected(_ digests: [String], of identity: RunIdentity, by runID: RunID) -> Statement {
    """
    select encode(item_digest, 'hex') as digest from oneshot.dead_letters
    where (instance, job) = (\(identity.instance), \(identity.job)) and server in (\(identity.server), '')
      and last_run_id = \(runID)
      and item_digest in (select decode(digest, 'hex') from unnest(\(digests)::text[]) as given (digest))
    """
  }

  /// Ends the asking for what a run has done, or has rejected again; what it has not rejected is resolved. What was
  /// asked again meanwhile stays as it is.
  ///
  /// - Parameter done: the digests of those that the job says it has dealt with.
  static func settle(_ letters: [Given], done: Set<String>, of identity: RunIdentity, by runID: RunID) -> Statement {
    """
    update oneshot.dead_letters as d
    set state = case when d.last_run_id = \(runID) then 'pending' else 'resolved' end,
      replay_asked_at = null, replay_asked_by = null, replay_run_id = null
    from unnest(
      \(letters.map(\.digest))::text[], \(letters.map(\.askedAt))::timestamptz[],
      \(letters.map { done.contains($0.digest) })::boolean[]) as given (digest, asked_at, is_done)
    where (d.instance, d.job) = (\(identity.instance), \(identity.job)) and d.server in (\(identity.server), '')
      and d.item_digest = decode(given.digest, 'hex') and d.replay_asked_at = given.asked_at
      and d.state = 'pending' and (given.is_done or d.last_run_id = \(runID))
    """
  }

  /// What has become of letters that a run was given.
  static func outcome(_ digests: [String], of identity: RunIdentity, of runID: RunID) -> Statement {
    """
    select count(*) filter (where d.state = 'resolved') as resolved,
      count(*) filter (where d.state = 'pending' and d.last_run_id = \(runID)) as failed_again,
      count(*) filter (where d.state = 'pending' and d.last_run_id <> \(runID)) as left
    from unnest(\(digests)::text[]) as given (digest)
    join oneshot.dead_letters as d
      on (d.instance, d.job) = (\(identity.instance), \(identity.job)) and d.server in (\(identity.server), '') and d.item_digest = decode(given.digest, 'hex')
    """
  }

  /// A few of those that a run was given and did not deal with.
  static func left(_ digests: [String], of identity: RunIdentity, by runID: RunID) -> Statement {
    """
    select left(d.item, 200) as item, given.digest
    from unnest(\(digests)::text[]) as given (digest)
    join oneshot.dead_letters as d
      on (d.instance, d.job) = (\(identity.instance), \(identity.job)) and d.server in (\(identity.server), '') and d.item_digest = decode(given.digest, 'hex')
    where d.state = 'pending' and d.last_run_id <> \(runID)
    limit 5
    """
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
