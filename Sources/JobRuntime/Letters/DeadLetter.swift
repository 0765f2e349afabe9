package import Postgres

/// A row of `oneshot.dead_letters`: an item that failed, and what has become of it.
///
/// Its life: a run records it (`pending`, or once more pending when it had been over); a run that does the item well, or
/// replays it, makes it `resolved`; a person makes it `discarded`. `DeadLetters` has the statements, and nothing else
/// changes a row.
public struct DeadLetter: Sendable, Equatable {
  /// The installation, the job, and the Redis that its data are in; see `RunIdentity`.
  package var instance: String
  package var job: String
  package var server: String
  /// Which work the run did that wrote it last.
  package var variant: String
  /// Of the stored item, in hexadecimal: the letter's id.
  package var digest: String
  /// What names the item, as it is stored: what `ItemFailure.item` was, but a name that held a NUL has `\0` in its
  /// place, and `\\` for each `\`.
  public package(set) var item: String
  /// What else was known of it: JSON.
  public package(set) var payload: String
  /// The name of the kind of its last failure.
  public package(set) var kind: String
  public package(set) var message: String
  /// In how many runs it has failed.
  public package(set) var attempts: Int
  public package(set) var firstFailedAt: Timestamp
  public package(set) var lastFailedAt: Timestamp
  package var lastRunID: String
  package var state: State
  /// Since when a replay is asked for, and by whom.
  package var askedAt: Timestamp?
  package var askedBy: String?
  /// The run that was given it since.
  package var replayRunID: String?

  package enum State: String, Sendable, CaseIterable {
    case pending, resolved, discarded
  }

  /// As much of the id as distinguishes dead letters.
  package var shortID: String { String(digest.prefix(12)) }

  /// - Parameter row: all columns of `oneshot.dead_letters`, and `digest`.
  package init(row: Row) throws(PostgresError) {
    instance = try row.value("instance")
    job = try row.value("job")
    server = try row.value("server")
    variant = try row.value("variant")
    digest = try row.value("digest")
    item = try row.value("item")
    payload = try row.value("payload")
    kind = try row.value("error_kind")
    message = try row.value("error_message")
    attempts = try row.value("attempts")
    firstFailedAt = try row.value("first_failed_at")
    lastFailedAt = try row.value("last_failed_at")
    lastRunID = try row.value("last_run_id")
    let word: String = try row.value("state")
    guard let known = State(rawValue: word) else { throw .decoding("state is «\(word)»") }
    state = known
    askedAt = try row.optional("replay_asked_at")
    askedBy = try row.optional("replay_asked_by")
    replayRunID = try row.optional("replay_run_id")
  }

  /// Every column, by its name in the table.
  package var json: JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    return [
      "instance": .string(instance), "job": .string(job), "server": .string(server), "variant": .string(variant),
      "item_digest": .string(digest), "item": .string(item), "payload": .verbatim(payload),
      "error_kind": .string(kind), "error_message": .string(message), "attempts": .integer(Int64(attempts)),
      "first_failed_at": .string(firstFailedAt.rfc3339), "last_failed_at": .string(lastFailedAt.rfc3339),
      "last_run_id": .string(lastRunID), "state": .string(state.rawValue), "replay_asked_at": text(askedAt?.rfc3339),
      "replay_asked_by": text(askedBy), "replay_run_id": text(replayRunID),
    ]
  }
}

// MARK: What a job asks of a letter

extension DeadLetter {
  /// Whether the payload has this member.
  public func says(_ key: String) -> Bool { payload.utf8.contains(Array("\(Self.quoted(key)): ".utf8)) }

  /// Whether this member of the payload is this text.
  public func says(_ key: String, _ text: String) -> Bool {
    payload.utf8.contains(Array("\(Self.quoted(key)): \(Self.quoted(text))".utf8))
  }

  /// A text as it stands in `jsonb` that Postgres shows: quotes inside of one have a backslash before them, so what is
  /// quoted is found only where it is all of a text.
  private static func quoted(_ text: String) -> String {
    let characters = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\u{8}": "\\b"
      case "\u{C}": "\\f"
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      case "\0"..<" ": "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }
    return "\"\(characters.joined())\""
  }

  /// Whether it falls to this share of the work, where nothing but its name says to which.
  public func isShare(of shard: Shard) -> Bool {
    shard.isWhole || (Int(digest.prefix(8), radix: 16) ?? 0) % shard.count == shard.index
  }
}
