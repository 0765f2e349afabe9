import JobRuntime
import Operations
import Postgres

/// What receivers are notified of: rows of `oneshot.incidents`.
struct Incidents: Sendable {
  /// What is wrong now: a notice of an open incident has today's words.
  private let messages: [Place: String]
  private let now: Timestamp
  private let read = ContinuousClock.now
  private let scope: HealthScope
  private let names: PartNames

  private struct Place: Hashable {
    var part: JobPart
    var kind: String
  }

  init(_ verdict: Verdict, by judgement: Judgement) {
    messages = Dictionary(
      verdict.all.map(\.trouble).map { (Place(part: $0.part, kind: $0.kind.rawValue), $0.message) },
      uniquingKeysWith: { first, _ in first }
    )
    (now, scope, names) = (judgement.facts.now, judgement.scope, judgement.names)
  }

  /// The time by Postgres' clock: this host's may be wrong, and receivers refuse signatures of another time.
  var moment: Timestamp { now + read.duration(to: .now) }

  /// How long closed incidents are kept.
  private static let kept = Duration.days(90)
  /// How long after its end a receiver is still notified that an incident is over.
  private static let notifiedFor = Duration.days(7)
  /// How many notices a receiver gets in one run; the next run sends the others.
  private static let noticesPerRun = 200

  /// Opens and closes incidents.
  ///
  /// - Parameter settle: how long one has to be unseen until it is over.
  static func update(
    _ verdict: Verdict, by judgement: Judgement, settle: Duration, in run: RunID
  ) throws(PostgresError) -> Statement {
    let (scope, now) = (judgement.scope.list, judgement.facts.now)
    let found = verdict.all
    let troubles = found.map(\.trouble)
    return try Statement(
      file: "incidents.sql", PackageResources.incidents_sql,
      binding: [
        "instances": troubles.map(\.part.instance), "jobs": troubles.map(\.part.job.storable),
        "servers": troubles.map(\.part.server), "scope": scope.instances, "is_excluding": scope.isExcluding,
        "variants": troubles.map(\.part.variant),
        "shards": troubles.map(\.part.shard), "kinds": troubles.map(\.kind.rawValue), "sinces": troubles.map(\.since),
        "messages": troubles.map(\.message.storable), "snoozes": found.map(\.snoozedUntil), "now": now, "run": run,
        "horizon": now - kept,
        "settled_before": now - settle,
      ])
  }

  /// The notices that the receiver has not got yet, the open ones last: an end never overtakes its beginning.
  func pending(for receiver: Receiver, _ run: JobRun) async throws -> [Notice] {
    let statement = try Statement(
      file: "pending_notices.sql", PackageResources.pending_notices_sql,
      binding: [
        "receiver": receiver.name, "can_get_end_alone": receiver.canGetEndAlone,
        "horizon": now - Self.notifiedFor, "limit": Self.noticesPerRun, "scope": scope.list.instances,
        "is_excluding": scope.list.isExcluding,
      ])
    return try await run.read(statement).map { row in
      let part = try JobPart(row: row)
      let kind: String = try row.value("kind")
      let isOver = try row.optional("closed_at", as: String.self) != nil
      return Notice(
        id: try row.value("incident_id"), place: part, part: names[part], kind: kind, since: try row.value("since"),
        changedAt: try row.optional("closed_at") ?? row.value("opened_at"),
        message: try messages[Place(part: part, kind: kind)] ?? row.value("message"), isOver: isOver,
        still: try row.optional("still") ?? "", again: try row.value("times_snoozed"))
    }
  }

  /// Notes that the receiver has taken them.
  static func recordSent(_ notices: [Notice], to receiver: Receiver) throws(PostgresError) -> Statement {
    try Statement(
      file: "sent_notices.sql", PackageResources.sent_notices_sql,
      binding: [
        "receiver": receiver.name, "begun": notices.filter { !$0.isOver }.map(\.id),
        "ended": notices.filter(\.isOver).map(\.id),
      ])
  }
}

/// What one receiver gets about one incident.
struct Notice: Sendable, Equatable {
  var id: String
  var place: JobPart
  /// How the place is called.
  var part: String
  var kind: String
  var since: Timestamp
  /// When it was found, or found to be over.
  var changedAt: Timestamp
  var message: String
  var isOver: Bool
  /// What else is wrong with the same part, by kinds.
  var still = ""
  /// How many snoozes have ended while it was still there: receivers get its beginning once more after each.
  var again = 0

  /// What identifies the message that it began, or is over: the same whenever that is sent.
  func identity(opened: String, over: String) -> String {
    isOver ? id + over : id + opened + (again > 0 ? ".\(again)" : "")
  }

  /// `error` where work is not done, `warning` where it is done badly.
  var severity: String { Trouble.Kind(rawValue: kind)?.isError ?? true ? "error" : "warning" }
}
