package import JobRuntime
package import Postgres

/// The time for which a job is kept from starting: `oneshot pause`.
package struct JobPause: Sendable {
  package var instance: String
  package var job: String
  package var start: Timestamp
  package var end: Timestamp
  /// Who paused it.
  package var by: String
  package var reason: String?

  package init(
    instance: String = "", job: String, start: Timestamp, end: Timestamp, by: String = "", reason: String? = nil
  ) {
    (self.instance, self.job, self.start, self.end) = (instance, job, start, end)
    (self.by, self.reason) = (by, reason)
  }

  package init(row: Row) throws(PostgresError) {
    (instance, job) = (try row.value("instance"), try row.value("job"))
    (start, end) = (try row.value("paused_at"), try row.value("paused_until"))
    (by, reason) = (try row.value("paused_by"), try row.optional("reason"))
  }

  /// `reindex`, `staging/reindex`.
  package var name: String { RunIdentity.qualified(job, instance) }

  /// Who paused it, and why.
  package var origin: String { "by \(by)" + (reason.map { ": \($0)" } ?? "") }

  /// The last pause of every job, whether it is over or not.
  package static let all: Statement =
    "select instance, job, paused_at, paused_until, paused_by, reason from oneshot.pauses order by job, instance"

  /// Pauses a job, or changes its pause.
  ///
  /// - Parameters:
  ///   - end: a moment of the server's future; for one that is not, no row is written.
  /// - Returns: a statement with the pause as its row.
  package static func pausing(
    _ job: String, of instance: String, until end: Timestamp, by: String, reason: String?
  ) -> Statement {
    """
    insert into oneshot.pauses as p (instance, job, paused_at, paused_until, paused_by, reason)
    select \(instance), \(job), now(), \(end)::timestamptz, \(by.storable), \(reason?.storable)::text
    where \(end)::timestamptz > now()
    on conflict (instance, job) do update
    -- A pause that is changed began when it began.
    set paused_at = case when p.paused_until > now() then p.paused_at else excluded.paused_at end,
      paused_until = excluded.paused_until, paused_by = excluded.paused_by, reason = excluded.reason
    returning instance, job, paused_at, paused_until, paused_by, reason
    """
  }

  /// Ends a pause.
  ///
  /// Nothing is affected where the job is not paused.
  package static func resuming(_ job: String, of instance: String) -> Statement {
    """
    update oneshot.pauses set paused_until = now()
    where instance = \(instance) and job = \(job) and paused_until > now()
    """
  }

  /// The pause of a job that is not over.
  package static func current(of job: String, in instance: String) -> Statement {
    """
    select instance, job, paused_at, paused_until, paused_by, reason from oneshot.pauses
    where instance = \(instance) and job = \(job) and paused_until > now()
    """
  }

  /// Whether a job was ever started in an installation.
  package static func isKnown(_ job: String, of instance: String) -> Statement {
    """
    select exists (
      select from oneshot.job_runs where instance = \(instance) and job = \(job)) as is_known
    """
  }
}
