package import JobRuntime
package import Postgres

/// Somebody's request that a job does its slot although it has succeeded: `oneshot run-now`.
package struct RunRequest: Sendable {
  package var instance: String
  package var job: String
  /// `nil` for whatever slot comes.
  package var slot: Timestamp?
  package var start: Timestamp
  package var end: Timestamp
  /// Who requested it.
  package var by: String
  package var reason: String?

  package init(row: Row) throws(PostgresError) {
    (instance, job, slot) = (try row.value("instance"), try row.value("job"), try row.optional("slot"))
    (start, end) = (try row.value("requested_at"), try row.value("requested_until"))
    (by, reason) = (try row.value("requested_by"), try row.optional("reason"))
  }

  /// `staging/reindex`.
  package var name: String { RunIdentity.qualified(job, instance) }

  /// Who requested it, and why.
  package var origin: String { "by \(by)" + (reason.map { ": \($0)" } ?? "") }

  /// The requests that are not over, and that no run of the job, whatever its variant, has done yet.
  package static let waiting: Statement = """
    select instance, job, slot, requested_at, requested_until, requested_by, reason
    from oneshot.run_requests as q
    where requested_until > now() and not exists (
      select from oneshot.job_runs r
      where (r.instance, r.job) = (q.instance, q.job) and r.fence > q.above and r.status = 'succeeded'
        and (q.slot is null or r.scheduled_at = q.slot))
    order by job, instance
    """

  /// Requests a run, or changes the request.
  ///
  /// No row is written where the end is no moment of the server's future, or where the job is paused.
  ///
  /// - Returns: a statement with the request as its row.
  package static func requesting(
    _ job: String, of instance: String, slot: Timestamp?, until end: Timestamp, by: String, reason: String?
  ) -> Statement {
    """
    insert into oneshot.run_requests (instance, job, slot, above, requested_until, requested_by, reason)
    select \(instance), \(job), \(slot)::timestamptz,
      coalesce((select max(token) from oneshot.fences where job = \(job)), 0), \(end)::timestamptz, \(by.storable),
      \(reason?.storable)::text
    where \(end)::timestamptz > now() and not exists (
      select from oneshot.pauses where instance = \(instance) and job = \(job) and paused_until > now())
    on conflict (instance, job) do update
    set slot = excluded.slot, above = excluded.above, requested_at = now(),
      requested_until = excluded.requested_until, requested_by = excluded.requested_by, reason = excluded.reason
    returning instance, job, slot, requested_at, requested_until, requested_by, reason
    """
  }

  /// Takes a request back.
  ///
  /// Nothing is affected where there is none.
  package static func withdrawing(_ job: String, of instance: String) -> Statement {
    """
    update oneshot.run_requests set requested_until = now()
    where instance = \(instance) and job = \(job) and requested_until > now()
    """
  }
}
