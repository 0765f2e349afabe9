import Postgres

/// The record of all runs, in `oneshot.job_runs`, and the fence that keeps old runs from writing.
struct Ledger: Sendable {
  let identity: RunIdentity
  let runID: RunID
  /// The server's timeline in which the run was opened; `nil` where that is not compared.
  var timeline: String?

  var job: String { identity.job }
  var shard: Shard { identity.shard }

  /// The outcome of opening a run.
  enum Opening: Sendable {
    case opened(Opened)
    /// The slot has succeeded before, in the run with this id.
    case alreadyDone(runID: String)
    /// Somebody has paused the job.
    case paused(Pause)
    /// The applied migrations end before what this binary needs.
    case schemaTooOld(found: AppliedMigrations)
  }

  struct Pause: Sendable {
    var until: Timestamp
    var by: String
    var reason: String?
  }

  struct Opened: Sendable {
    var fence: Int64
    var attempt: Int
    /// Whether replays of dead letters of the job are requested.
    var hasRequestedReplays: Bool
    /// Who requested that the slot is done although it has succeeded, and why; `nil` where nobody did.
    var request: (by: String, reason: String?)?
    /// The server's timeline, and its cluster and database; `nil` where the server does not report them.
    var timeline: String?
    var origin: String?
  }

  /// Takes the next fencing token and writes the run's row: all in one statement, so in one transaction
  /// and one round trip.
  ///
  /// - Parameters:
  ///   - clock: where Postgres' clock disagrees, nothing is written.
  ///   - withTimeline: whether to read the server's timeline, which some servers refuse.
  ///   - lost: why the run is opened again: a token that this database has lost, and the run's own, which has to be the
  ///     newest here.
  func open(
    _ facts: OpeningFacts, _ clock: ClockCheck, withTimeline: Bool = true, above lost: (token: Int64, own: Int64)? = nil
  ) -> Statement {
    """
    with me as (
      select \(identity.instance)::text as instance, \(job)::text as job, \(identity.server)::text as server,
        \(identity.variant)::text as variant, \(identity.series)::text as series, \(shard.index)::integer as shard,
        \(shard.count)::integer as shard_count
    ), schema as (
      select bool_and(found >= needed.number) as is_enough, string_agg(needed.line || ' ' || found, ',') as found
      from unnest(\(facts.needs.map(\.line))::text[], \(facts.needs.map(\.number))::integer[]) as needed (line, number)
      cross join lateral (
        select coalesce(max(m.number), 0) as found from oneshot.migrations m where m.line = needed.line) as applied
    ), of_slot as (
      select r.run_id, r.status, r.scheduled_by
      from oneshot.job_runs r join me using (instance, job, variant, shard, shard_count)
      -- Rows from the time before servers were recorded belong to the only server there was.
      where r.server in (me.server, '') and \(facts.identifiesSlot) and r.scheduled_at = \(facts.scheduledAt)
    ), request as (
      select q.requested_by, q.reason
      from oneshot.run_requests q join me using (instance, job)
      where q.requested_until > statement_timestamp() and (q.slot is null or q.slot = \(facts.scheduledAt))
        -- Done by a run that started after it, of the same work.
        and not exists (
          select from oneshot.job_runs r
          where (r.instance, r.job, r.variant, r.shard, r.shard_count)
              = (me.instance, me.job, me.variant, me.shard, me.shard_count)
            and r.server in (me.server, '') and r.fence > q.above and r.status = 'succeeded'
            and (q.slot is null or r.scheduled_at = q.slot))
    ), done_before as (
      select run_id from of_slot where scheduled_by <> 'clock' and status = 'succeeded' limit 1
    ), done as (
      select run_id from done_before where not \(facts.isForced) and not exists (select from request)
    ), pause as (
      select paused_until, paused_by, reason
      from oneshot.pauses join me using (instance, job)
      -- A run that is open already goes on: its opening was repeated, because the answer was lost.
      where not \(facts.isForced || lost != nil) and paused_until > statement_timestamp()
        and not exists (select from oneshot.job_runs where run_id = \(runID))
    ), fence as (
      insert into oneshot.fences as f (instance, job, server, shard, token)
      -- One more than the highest token of the job, so that tokens show which of two runs is newer when they share the
      -- work differently, and keep rising when an address or a name of an installation changes.
      select instance, job, server, shard,
        1 + coalesce(greatest((select max(token) from oneshot.fences where job = \(job)), \(lost?.token)::bigint), 0)
      from schema, me
      where is_enough and not exists (select from done) and not exists (select from pause)
        and not exists (select from oneshot.fences where job = \(job) and token > \(lost?.own)::bigint)
        -- The time at which the server got this statement, however long it then waits for a lock.
        and statement_timestamp() between \(clock.earliest) and \(clock.latest)
      on conflict (instance, job, server, shard) do update set token = greatest(f.token + 1, excluded.token)
      returning token
    ), left_open as (
      update oneshot.job_runs r
      set status = 'failed', error_kind = 'abandoned', finished_at = \(facts.startedAt),
        error_message = 'the process ended without closing its run; a later run found it',
        error_hint = \(Self.abandonedHint)
      from fence, me
      where (r.instance, r.job, r.shard) = (me.instance, me.job, me.shard) and r.status = 'running' and r.run_id <> \(runID)
        -- A run for another Redis continues beside this one. But once its time is over it is dead, and where that
        -- address is no longer used, no later run for it will close its row.
        and (r.server = me.server and r.fence < fence.token or
          r.deadline_at + \((Self.graceOfOthers + clock.tolerance).inMilliseconds) * interval '1 millisecond'
            < statement_timestamp())
      returning r.server, coalesce(r.series, r.variant) as series
    ), counted as (
      insert into oneshot.job_totals as t (
        instance, job, server, variant, shard, succeeded, partial, failed, interrupted, dead_letters,
        consecutive_failures)
      -- No dead letters: the next run reports again what an abandoned run reported.
      select me.instance, me.job, left_open.server, left_open.series, me.shard, 0, 0, count(*), 0, 0, count(*)
      from me, left_open
      group by me.instance, me.job, left_open.server, left_open.series, me.shard
      on conflict (instance, job, server, variant, shard) do update set failed = t.failed + excluded.failed,
        consecutive_failures = t.consecutive_failures + excluded.consecutive_failures
    ), opened as (
      insert into oneshot.job_runs (
        run_id, instance, job, server, variant, series, shard, shard_count, scheduled_at, scheduled_by, forced, by_hand,
        status, attempt, fence, started_at, deadline_at, host, version)
      select \(runID), instance, job, server, variant, series, shard, shard_count, \(facts.scheduledAt),
        \(facts.scheduledBy), \(facts.isForced) or exists (select from done_before), \(facts.isByHand), 'running', (select count(*) from of_slot where run_id <> \(runID)) + 1,
        fence.token, \(facts.startedAt), \(facts.deadlineAt), \(facts.host), \(facts.version)
      from fence, me
      -- The same run again: it was opened, but the answer was lost.
      on conflict (run_id) do update set fence = excluded.fence where job_runs.status = 'running'
      returning fence, attempt
    )
    select is_enough, found, (select run_id from done) as done, opened.fence, opened.attempt,
      pause.paused_until, pause.paused_by, pause.reason, request.requested_by, request.reason as request_reason,
      statement_timestamp() as moment, \(text: withTimeline ? Timeline.expression : Timeline.unavailable) as timeline,
      \(text: withTimeline ? Timeline.origin : Timeline.unavailable) as origin,
      statement_timestamp() between \(clock.earliest) and \(clock.latest) as is_right,
      -- Read here, where it costs no round trip.
      exists (
        select from oneshot.dead_letters d join me using (instance, job)
        where d.server in (me.server, '') and d.replay_asked_at is not null and d.state = 'pending') as has_requested_replays
    from schema left join opened on true left join pause on true left join request on true
    """
  }

  /// How long after its deadline, by its host's clock, a run for another Redis counts as dead: longer than stopping takes.
  ///
  /// The tolerance between clocks is added.
  private static let graceOfOthers = Duration.minutes(1)

  /// The hint for a run that died without closing its row.
  private static let abandonedHint =
    "Nothing to repair: the run that found it did its work. If it happens again, find out what ends the process: memory (OOMKilled), the node, kill -9."

  struct OpeningFacts: Sendable {
    var scheduledAt: Timestamp
    var scheduledBy: String
    var identifiesSlot: Bool
    var isForced: Bool
    /// Whether somebody started the run at a terminal.
    var isByHand: Bool
    var startedAt: Timestamp
    /// The time at which the run ends itself at the latest.
    var deadlineAt: Timestamp
    var host: String
    var version: String
    /// The migrations that the binary needs.
    var needs: [MigrationNeed]
  }

  /// - Throws: `JobFailure` of kind `fenced` when a newer run has already marked this one as failed, of kind `clock`
  ///   when clocks disagree.
  func read(_ row: Row, _ clock: ClockCheck) throws -> Opening {
    if let done = try row.optional("done", as: String.self) { return .alreadyDone(runID: done) }
    guard let fence = try row.optional("fence", as: Int64.self) else {
      guard try row.value("is_enough") else {
        return .schemaTooOld(found: AppliedMigrations(listed: try row.value("found")))
      }
      if let until: Timestamp = try row.optional("paused_until") {
        return .paused(Pause(until: until, by: try row.value("paused_by"), reason: try row.optional("reason")))
      }
      guard try row.value("is_right") else { throw try clock.refusal("Postgres", says: row.value("moment")) }
      throw JobFailure(
        .fenced, "a newer run has started while this one was opened",
        hint: "Nothing to do: the newer run does the work.")
    }
    return .opened(
      Opened(
        fence: fence, attempt: try row.value("attempt"), hasRequestedReplays: try row.value("has_requested_replays"),
        request: try row.optional("requested_by").map { ($0, try row.optional("request_reason")) },
        timeline: try row.optional("timeline"), origin: try row.optional("origin")))
  }

  /// Age in days at which rows of work that no run does any more leave the ledger: longer than the gap between two runs
  /// of the rarest schedule.
  private static let forgotten = 400

  /// Ends the run's row, counts it, and removes a few rows that are too old.
  ///
  /// Returns whether it was written: a success is not written when the fence is no longer this run's. A repeat after a
  /// lost answer finds the row ended, and counts nothing.
  ///
  /// - Parameter behind: how much known work the run left to later runs.
  func close(
    _ result: RunResult, itemsProcessed: Int, behind: Int, fence: Int64, at moment: Timestamp,
    keepingSince horizon: Timestamp
  ) -> Statement {
    """
    with newest as (
      select token, \(text: timelineNow) as timeline from oneshot.fences
      where instance = \(identity.instance) and job = \(job) and server = \(identity.server)
        and shard = \(shard.index) for share
    ), fence as (
      select *, token = \(fence) and timeline is not distinct from \(timeline)::text as is_ours from newest
    ), closed as (
      update oneshot.job_runs
      set status = \(result.status.rawValue), finished_at = \(moment),
        duration_ms = \(result.duration.inMilliseconds),
        window_start = \(result.window?.start), window_end = \(result.window?.end),
        counts = \(result.counts.storableText)::jsonb, details = \(result.details.storableText)::jsonb,
        items_processed = \(itemsProcessed), behind = \(behind), errors_total = \(result.errorsTotal),
        error_kind = \(result.error?.kind.rawValue), error_message = \(result.error?.message.storable),
        error_hint = \(result.error?.hint?.storable)
      where run_id = \(runID) and status = 'running'
        and ((select is_ours from fence) or \(result.status == .failed || result.status == .interrupted))
      returning instance, job, server, variant, shard, status, finished_at, errors_total
    ), counted as (
      insert into oneshot.job_totals as t (
        instance, job, server, variant, shard, succeeded, partial, failed, interrupted, dead_letters,
        consecutive_failures, last_succeeded_at)
      select instance, job, server, \(identity.series), shard, (status = 'succeeded')::integer, (status = 'partial')::integer,
        (status = 'failed')::integer, (status = 'interrupted')::integer, errors_total, (status <> 'succeeded')::integer,
        case when status = 'succeeded' then finished_at end
      from closed
      on conflict (instance, job, server, variant, shard) do update
      set succeeded = t.succeeded + excluded.succeeded, partial = t.partial + excluded.partial,
        failed = t.failed + excluded.failed, interrupted = t.interrupted + excluded.interrupted,
        dead_letters = t.dead_letters + excluded.dead_letters,
        consecutive_failures = case when excluded.succeeded = 1 then 0 else t.consecutive_failures + 1 end,
        last_succeeded_at = coalesce(excluded.last_succeeded_at, t.last_succeeded_at)
    ), age as (
      -- By the earlier of the host's clock and Postgres': a clock that is ahead makes nothing old.
      select least(\(moment)::timestamptz, now()) - (\(moment)::timestamptz - \(horizon)::timestamptz) as horizon,
        least(\(moment)::timestamptz, now()) - make_interval(days => \(Self.forgotten)::integer) as forgotten
    ), removed as (
      -- Rows of other work only when they are very old: the runs of that work remove them, unless no run does it any
      -- more.
      delete from oneshot.job_runs where run_id in (
        select run_id from oneshot.job_runs
        where instance = \(identity.instance) and job = \(job) and started_at < (select horizon from age)
          and status <> 'running'
          and (variant = \(identity.variant) and server in (\(identity.server), '')
            or started_at < (select least(horizon, forgotten) from age))
        order by started_at limit 500)
    )
    select token, timeline, is_ours or exists (
      -- A repeat after a lost answer: the row may have been written before a newer run started.
      select from oneshot.job_runs where run_id = \(runID) and status = \(result.status.rawValue)
    ) as is_written from fence
    """
  }

  var timelineNow: StaticString { timeline == nil ? Timeline.unavailable : Timeline.expression }
}
