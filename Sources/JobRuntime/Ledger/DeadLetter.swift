import Postgres

/// An item that failed in earlier runs, as it stands in `oneshot.dead_letters`.
public struct DeadLetter: Sendable, Equatable {
  /// What names the item, as it is stored: what `ItemFailure.item` was, but a name that held a NUL has `\0` in its
  /// place, and `\\` for each `\`.
  public let item: String
  /// What kind of failure it was last.
  public let kind: String
  public let message: String
  /// What else was known of it: JSON.
  public let payload: String
  /// In how many runs it has failed.
  public let attempts: Int
  public let firstFailedAt: Timestamp
  public let lastFailedAt: Timestamp

  /// Names it in the database: of the stored item, in hexadecimal.
  let digest: String
  let askedAt: Timestamp
  /// Where it stands among all that are asked.
  let position: Position

  /// A place in the order in which runs are given letters: first those that no run was given yet.
  struct Position: Sendable, Equatable {
    var runID = nobody
    var askedAt = "-infinity"
    var digest = ""

    /// Stands for no run.
    static let nobody = "00000000-0000-0000-0000-000000000000"
  }

  init(_ row: Row) throws {
    item = try row.value("item")
    kind = try row.value("error_kind")
    message = try row.value("error_message")
    payload = try row.value("payload")
    attempts = try row.value("attempts")
    firstFailedAt = try row.value("first_failed_at")
    lastFailedAt = try row.value("last_failed_at")
    digest = try row.value("digest")
    askedAt = try row.value("replay_asked_at")
    position = Position(runID: try row.value("run_id"), askedAt: askedAt.rfc3339, digest: digest)
  }

  /// Whether the payload has this member.
  public func says(_ key: String) -> Bool { payload.utf8.contains(Array("\(Self.quoted(key)): ".utf8)) }

  /// Whether this member of the payload is this text.
  public func says(_ key: String, _ text: String) -> Bool {
    payload.utf8.contains(Array("\(Self.quoted(key)): \(Self.quoted(text))".utf8))
  }

  /// A text as it stands in `jsonb` that Postgres shows: quotes inside of one have a backslash before them, so what is
  /// quoted is found only where it is all of a text.
  private static func quoted(_ text: String) -> String {
    let letters = text.unicodeScalars.map { letter in
      switch letter {
      case "\"", "\\": "\\\(letter)"
      case "\u{8}": "\\b"
      case "\u{C}": "\\f"
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      case "\0"..<" ": "\\u00" + (letter.value < 16 ? "0" : "") + String(letter.value, radix: 16)
      default: String(letter)
      }
    }
    return "\"\(letters.joined())\""
  }

  /// Whether it falls to this share of the work, where nothing but its name says to which.
  public func isShare(of shard: Shard) -> Bool {
    shard.isWhole || (Int(digest.prefix(8), radix: 16) ?? 0) % shard.count == shard.index
  }
}

// MARK: Statements

extension DeadLetters {
  /// A page of what is asked of a job, in order.
  static func asked(_ identity: RunIdentity, after place: DeadLetter.Position, limit: Int) -> Statement {
    """
    select encode(item_digest, 'hex') as digest, item, error_kind, error_message, payload::text as payload, attempts,
      first_failed_at, last_failed_at, replay_asked_at,
      coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000') as run_id
    from oneshot.dead_letters
    where (instance, job, server) = (\(identity.instance), \(identity.job), \(identity.server))
      and replay_asked_at is not null and state = 'pending'
      and (coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest)
        > (\(place.runID)::uuid, \(place.askedAt)::timestamptz, decode(\(place.digest), 'hex'))
    order by coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest
    limit \(limit)
    """
  }

  typealias Given = (digest: String, askedAt: Timestamp)

  /// Notes that a run is given letters: who asks again from now on asks anew.
  static func give(_ letters: [Given], of identity: RunIdentity, to runID: RunID) -> Statement {
    """
    update oneshot.dead_letters as d set replay_run_id = \(runID)
    from unnest(\(letters.map(\.digest))::text[], \(letters.map(\.askedAt))::timestamptz[]) as given (digest, asked_at)
    where (d.instance, d.job, d.server) = (\(identity.instance), \(identity.job), \(identity.server))
      and d.item_digest = decode(given.digest, 'hex') and d.replay_asked_at = given.asked_at
    """
  }

  /// Which of these letters a run has rejected.
  static func rejected(_ letters: [DeadLetter], of identity: RunIdentity, by runID: RunID) -> Statement {
    """
    select encode(item_digest, 'hex') as digest from oneshot.dead_letters
    where (instance, job, server) = (\(identity.instance), \(identity.job), \(identity.server))
      and last_run_id = \(runID)
      and item_digest in (select decode(digest, 'hex') from unnest(\(letters.map(\.digest))::text[]) as given (digest))
    """
  }

  /// Ends the asking for what a run has done, or has rejected again; what it has not rejected is resolved. What was
  /// asked anew meanwhile stays as it is.
  ///
  /// - Parameter done: the digests of those that the job says it has dealt with.
  static func settle(
    _ letters: [DeadLetter], done: Set<String>, of identity: RunIdentity, by runID: RunID
  ) -> Statement {
    """
    update oneshot.dead_letters as d
    set state = case when d.last_run_id = \(runID) then 'pending' else 'resolved' end,
      replay_asked_at = null, replay_asked_by = null, replay_run_id = null
    from unnest(
      \(letters.map(\.digest))::text[], \(letters.map(\.askedAt))::timestamptz[],
      \(letters.map { done.contains($0.digest) })::boolean[]) as given (digest, asked_at, is_done)
    where (d.instance, d.job, d.server) = (\(identity.instance), \(identity.job), \(identity.server))
      and d.item_digest = decode(given.digest, 'hex') and d.replay_asked_at = given.asked_at
      and d.state = 'pending' and (given.is_done or d.last_run_id = \(runID))
    """
  }

  /// What has become of letters that a run was given.
  static func outcome(_ letters: [DeadLetter], of identity: RunIdentity, of runID: RunID) -> Statement {
    """
    select count(*) filter (where d.state = 'resolved') as resolved,
      count(*) filter (where d.state = 'pending' and d.last_run_id = \(runID)) as failed_again,
      count(*) filter (where d.state = 'pending' and d.last_run_id <> \(runID)) as left
    from unnest(\(letters.map(\.digest))::text[]) as given (digest)
    join oneshot.dead_letters as d
      on (d.instance, d.job, d.server) = (\(identity.instance), \(identity.job), \(identity.server))
      and d.item_digest = decode(given.digest, 'hex')
    """
  }

  /// A few of those that a run was given and did not deal with.
  static func left(_ letters: [DeadLetter], of identity: RunIdentity, by runID: RunID) -> Statement {
    """
    select left(d.item, 200) as item
    from unnest(\(letters.map(\.digest))::text[]) as given (digest)
    join oneshot.dead_letters as d
      on (d.instance, d.job, d.server) = (\(identity.instance), \(identity.job), \(identity.server))
      and d.item_digest = decode(given.digest, 'hex')
    where d.state = 'pending' and d.last_run_id <> \(runID)
    limit 5
    """
  }
}
