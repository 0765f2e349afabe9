package import JobRuntime
package import Postgres

/// An event in the inbox of `event-drain`, as operators see it.
package struct EventRecord: Sendable {
  package var id: String
  /// `done`, `waiting` or `dead`.
  package var state: String
  package var type: String
  /// When the job saw it first.
  package var seenAt: Timestamp
  /// Where it waits: `redis:events:job/0`; `nil` once it does not.
  package var partition: String?
  /// Set where later events of the key wait behind it.
  package var key: String?
  package var attempts: Int?
  package var dueAt: Timestamp?
  /// The last error of Postgres or of the handler.
  ///
  /// May repeat content of the event.
  package var lastError: String?
  /// As JSON; `nil` for one that is done.
  package var event: String?
  /// How many match the filter.
  package var total: Int

  package init(row: Row) throws(PostgresError) {
    (id, state, type) = (try row.value("event_id"), try row.value("state"), try row.value("type"))
    seenAt = try row.value("seen_at")
    if let source: String = try row.optional("source"), let number: Int = try row.optional("partition") {
      partition = "\(source)/\(number)"
    }
    (key, attempts, dueAt) = (try row.optional("key"), try row.optional("attempts"), try row.optional("due_at"))
    (lastError, event, total) = (try row.optional("last_error"), try row.optional("event"), try row.value("total"))
  }

  /// Those that wait.
  ///
  /// - Parameters:
  ///   - source: only those of this source: `redis:events:job`.
  ///   - limit: at most this many, those that are due first.
  package static func waiting(type: String?, source: String?, limit: Int) throws(PostgresError) -> Statement {
    try Statement(
      file: "events.sql", PackageResources.events_sql, binding: ["type": type, "source": source, "limit": limit])
  }

  /// The one with this id.
  package static func named(_ id: String) throws(PostgresError) -> Statement {
    try Statement(file: "event.sql", PackageResources.event_sql, binding: ["id": id])
  }

  package var json: JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    return [
      "id": .string(id), "state": .string(state), "type": .string(type), "seen_at": .string(seenAt.rfc3339),
      "partition": text(partition), "key": text(key), "attempts": attempts.map { .integer(Int64($0)) } ?? .null,
      "due_at": text(dueAt?.rfc3339), "last_error": text(lastError), "event": event.map { .verbatim($0) } ?? .null,
    ]
  }
}
