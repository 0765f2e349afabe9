package import Postgres

/// A row of `oneshot.dead_letters`: an item that failed, and its state.
///
/// Its life: a run records it (`pending`, also when it was resolved or discarded before); a run in which the item
/// succeeds, or that replays it, makes it `resolved`; a person makes it `discarded`. `DeadLetters` has the statements,
/// and nothing else changes a row.
public struct DeadLetter: Sendable, Equatable {
  /// The installation, the job, and the Redis that its data are in; see `RunIdentity`.
  package var instance: String
  package var job: String
  package var server: String
  /// The variant of the run that wrote it last.
  package var variant: String
  /// The digest of the stored item, in hexadecimal: the letter's id.
  package var digest: String
  /// The item's name as it is stored: `ItemFailure.item`, but a name that held a NUL has `\0` in its place, and `\\`
  /// for each `\`.
  public package(set) var item: String
  /// Further facts about it: JSON.
  public package(set) var payload: String
  /// The name of the kind of its last failure.
  public package(set) var kind: String
  /// What was wrong with the item when it last failed.
  public package(set) var message: String
  /// The number of runs in which it has failed.
  public package(set) var attempts: Int
  /// When its first failure was recorded.
  public package(set) var firstFailedAt: Timestamp
  /// When its newest failure was recorded.
  public package(set) var lastFailedAt: Timestamp
  package var lastRunID: String
  package var state: State
  /// When a replay was requested, and by whom.
  package var replayRequestedAt: Timestamp?
  package var replayRequestedBy: String?
  /// The run that has received it since.
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
    replayRequestedAt = try row.optional("replay_asked_at")
    replayRequestedBy = try row.optional("replay_asked_by")
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
      "last_run_id": .string(lastRunID), "state": .string(state.rawValue),
      "replay_asked_at": text(replayRequestedAt?.rfc3339),
      "replay_asked_by": text(replayRequestedBy), "replay_run_id": text(replayRunID),
    ]
  }
}

// MARK: What a job reads in a letter

extension DeadLetter {
  /// Whether the payload has this member.
  public func hasPayload(_ key: String) -> Bool { payload.utf8.contains(Array("\(Self.quoted(key)): ".utf8)) }

  /// Whether this member of the payload is this text.
  public func hasPayload(_ key: String, _ text: String) -> Bool {
    payload.utf8.contains(Array("\(Self.quoted(key)): \(Self.quoted(text))".utf8))
  }

  /// A text as Postgres prints it in `jsonb`: quotes inside of it have a backslash before them, so a quoted text is
  /// found only as a whole text.
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

  /// Whether it belongs to this share of the work, where only its name decides that.
  public func isShare(of shard: Shard) -> Bool {
    shard.isWhole || (Int(digest.prefix(8), radix: 16) ?? 0) % shard.count == shard.index
  }
}
