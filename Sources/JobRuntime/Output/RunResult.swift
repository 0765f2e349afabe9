/// The outcome of a run: the one line on stdout.
///
/// docs/result.schema.json defines its form.
package struct RunResult: Sendable {
  package struct ItemError: Sendable, Equatable {
    package var item: String
    package var kind: String
    package var message: String
  }

  package var identity: RunIdentity
  package var version: String
  package var runID: String
  package var status: RunStatus
  package var exitCode: Int32
  package var reason: String?
  package var logicalTime: LogicalTime
  package var window: Window?
  package var attempt = 1
  package var fence: Int64?
  package var startedAt: Timestamp
  package var duration: Duration = .zero
  package var isDryRun = false
  package var counts: JSON = [:]
  package var details: JSON = [:]
  package var errors: [ItemError] = []
  package var errorsTotal = 0
  package var error: JobFailure?
  /// Where the rest of a shortened result is.
  package var shortened: String?

  package var job: String { identity.job }
  package var shard: Shard { identity.shard }

  /// The result lists at most this many errors, and their total.
  package static let errorsShown = 20

  package var json: JSON {
    var members: [(String, JSON)] = [
      ("job", .string(job)), ("version", .string(version)), ("run_id", .string(runID)),
    ]
    for (name, value) in [
      ("instance", identity.instance), ("variant", identity.variant), ("server", identity.server),
    ] where !value.isEmpty { members.append((name, .string(value))) }
    members += [
      ("status", .string(status.rawValue)), ("exit_code", .integer(Int64(exitCode))),
    ]
    if let reason { members.append(("reason", .string(reason))) }
    members += [
      ("scheduled_at", .string(logicalTime.moment.rfc3339)),
      ("scheduled_by", .string(logicalTime.source.rawValue)),
    ]
    if let window {
      members.append(("window", ["start": .string(window.start.rfc3339), "end": .string(window.end.rfc3339)]))
    }
    members += [
      ("shard", ["index": .integer(Int64(shard.index)), "count": .integer(Int64(shard.count))]),
      ("attempt", .integer(Int64(attempt))),
    ]
    if let fence { members.append(("fence", .integer(fence))) }
    members += [
      ("started_at", .string(startedAt.rfc3339)), ("duration_ms", .integer(duration.inMilliseconds)),
    ]
    if isDryRun { members.append(("dry_run", true)) }
    members += [
      ("counts", counts), ("details", details),
      (
        "errors",
        .array(
          errors.prefix(Self.errorsShown).map { error in
            ["item": .string(error.item), "kind": .string(error.kind), "message": .string(error.message)]
          })
      ),
      ("errors_total", .integer(Int64(errorsTotal))),
    ]
    if let error {
      var parts: [(String, JSON)] = [("kind", .string(error.kind.rawValue)), ("message", .string(error.message))]
      if let hint = error.hint { parts.append(("hint", .string(hint))) }
      members.append(("error", JSON(members: parts)))
    }
    if let shortened { members.append(("shortened", .string(shortened))) }
    return JSON(members: members)
  }
}
