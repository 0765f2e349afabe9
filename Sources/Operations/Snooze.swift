package import JobRuntime
package import Postgres

/// The time for which somebody silences one kind of trouble of a job: `oneshot snooze`.
package struct Snooze: Sendable {
  package var instance: String
  package var job: String
  /// `nil` for all variants.
  package var variant: String?
  /// A `Trouble.Kind`, or one of another version.
  package var kind: String
  package var start: Timestamp
  package var end: Timestamp
  /// Who asked for it.
  package var by: String
  package var reason: String?

  package init(
    instance: String = "", job: String, variant: String? = nil, kind: Trouble.Kind, start: Timestamp, end: Timestamp,
    by: String = "", reason: String? = nil
  ) {
    (self.instance, self.job, self.variant, self.kind) = (instance, job, variant, kind.rawValue)
    (self.start, self.end, self.by, self.reason) = (start, end, by, reason)
  }

  package init(row: Row) throws(PostgresError) {
    (instance, job, kind) = (try row.value("instance"), try row.value("job"), try row.value("kind"))
    let variant: String = try row.value("variant")
    self.variant = variant == Self.anyVariant ? nil : variant
    (start, end) = (try row.value("snoozed_at"), try row.value("snoozed_until"))
    (by, reason) = (try row.value("snoozed_by"), try row.optional("reason"))
  }

  /// What stands for all variants in the table; no variant has this name.
  package static let anyVariant = "*"

  /// `staging/reindex:pending: missed`.
  package var name: String {
    RunIdentity.qualified(job, instance) + (variant.map { $0.isEmpty ? "" : ":\($0)" } ?? "") + ": \(kind)"
  }

  /// Who asked for it, and why.
  package var origin: String { "by \(by)" + (reason.map { ": \($0)" } ?? "") }

  func covers(_ trouble: Trouble) -> Bool {
    (trouble.part.instance, trouble.part.job, trouble.kind.rawValue) == (instance, job, kind)
      && variant.map { $0 == trouble.part.variant } ?? true
  }

  /// The last snooze of every kind of every job, whether it is over or not.
  package static let all: Statement = """
    select instance, job, variant, kind, snoozed_at, snoozed_until, snoozed_by, reason from oneshot.snoozes
    order by job, instance, variant, kind
    """

  /// What a snooze is of.
  package struct Target: Sendable {
    package var instance: String
    package var job: String
    /// `nil` for all variants.
    package var variant: String?
    package var kind: Trouble.Kind

    package init(instance: String, job: String, variant: String?, kind: Trouble.Kind) {
      (self.instance, self.job, self.variant, self.kind) = (instance, job, variant, kind)
    }

    fileprivate var storedVariant: String { variant ?? Snooze.anyVariant }
  }

  /// Silences a trouble, or changes until when.
  ///
  /// - Parameter end: a moment of the server's future; for one that is not, no row is written.
  /// - Returns: a statement with the snooze as its row.
  package static func silencing(_ target: Target, until end: Timestamp, by: String, reason: String?) -> Statement {
    """
    insert into oneshot.snoozes as s (instance, job, variant, kind, snoozed_at, snoozed_until, snoozed_by, reason)
    select \(target.instance), \(target.job), \(target.storedVariant), \(target.kind.rawValue), now(),
      \(end)::timestamptz, \(by.storable), \(reason?.storable)::text
    where \(end)::timestamptz > now()
    on conflict (instance, job, variant, kind) do update
    -- A snooze that is changed began when it began.
    set snoozed_at = case when s.snoozed_until > now() then s.snoozed_at else excluded.snoozed_at end,
      snoozed_until = excluded.snoozed_until, snoozed_by = excluded.snoozed_by, reason = excluded.reason
    returning instance, job, variant, kind, snoozed_at, snoozed_until, snoozed_by, reason
    """
  }

  /// Ends a snooze.
  ///
  /// Nothing is affected where there is none.
  package static func ending(_ target: Target) -> Statement {
    """
    update oneshot.snoozes set snoozed_until = now()
    where instance = \(target.instance) and job = \(target.job) and variant = \(target.storedVariant)
      and kind = \(target.kind.rawValue) and snoozed_until > now()
    """
  }

  /// Whether job-doctor has an open incident of it.
  package static func isOpen(_ target: Target) -> Statement {
    """
    select exists (
      select from oneshot.incidents
      where instance = \(target.instance) and job = \(target.job) and kind = \(target.kind.rawValue)
        and \(target.storedVariant) in (variant, \(anyVariant)) and closed_at is null) as is_open
    """
  }
}
