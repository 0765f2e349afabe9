import Postgres
import Redis

/// A run of the real binary that stands still at a chosen place, because another session holds a lock that it needs.
///
/// What happens to it there is the same every time.
package struct BlockedRun {
  /// Where it stands still.
  package enum Point: String {
    /// After the lock, the fence and the ledger's row, before any transaction of the work.
    case planning = "oneshot.usage_days"
    /// In the statement that writes a day, inside its transaction.
    case writing = "merchant_usage"
    /// Where a run that finds nothing to do reads totals for metrics, after its row in the ledger was closed; in a
    /// place where that was made to look at this table: see `whenTotalsAreRead`.
    case telling = "in_the_way"

    /// What keeps the run from it.
    ///
    /// Reading what is stored comes before writing, and outside of its transaction.
    fileprivate var mode: String { self == .writing ? "share" : "access exclusive" }
  }

  package let place: Place
  package let process: Binary.Running
  private let blocker: OpenTransaction

  /// Starts the binary and returns once it waits.
  package init(
    at point: Point, in place: Place, _ settings: [String: String] = [:],
    _ binary: Binary = Binary("usage-aggregation")
  ) async throws {
    try await self.init(behind: "lock table \(point.rawValue) in \(point.mode) mode", in: place, settings, binary)
  }

  /// - Parameters:
  ///   - statement: what another session has done, and not committed yet.
  ///   - last: what it does before it commits, once it is told to let go.
  package init(
    behind statement: String, last: String = "select", in place: Place, _ settings: [String: String] = [:],
    _ binary: Binary = Binary("usage-aggregation")
  ) async throws {
    self.place = place
    blocker = try await OpenTransaction(in: place, statement, last: last)
    process = try binary.start(
      [], place.environment.merging(settings, uniquingKeysWith: { $1 }))
    try await place.until(
      orEndOf: process,
      """
      select exists (
        select from pg_stat_activity
        where application_name = 'oneshot' and wait_event_type = 'Lock' and datname = current_database()
          -- Connections of the run may wait for each other, for a moment.
          and not pg_blocking_pids(pid) <@ array(
            select pid from pg_stat_activity where application_name = 'oneshot'))
      """)
  }

  /// Lets the run go on.
  package func letGo() async throws { try await blocker.commit() }
}

extension Place {
  /// Does something wherever a run reads totals from now on, and nothing where it raises them.
  package func whenTotalsAreRead(_ action: String) async throws {
    try await execute(
      """
      create table in_the_way ();
      create function oneshot.before_totals() returns boolean language plpgsql as
        $$ begin if current_query() like 'select%' then \(action); end if; return true; end $$;
      alter table oneshot.job_totals rename to counted_totals;
      create view oneshot.job_totals as select * from oneshot.counted_totals where oneshot.before_totals()
      """)
  }

  /// Waits until a query says true.
  package func until(orEndOf process: Binary.Running, _ condition: String) async throws {
    try await eventually {
      if try await value(condition) == "true" { return true }
      guard process.isRunning else {
        let outcome = await process.outcome()
        throw TestFailure("the run ended before it got there: \(outcome.output)\(outcome.errors)")
      }
      return false
    }
  }

  /// Waits until nobody but this test is connected to the database.
  ///
  /// A process of the server reports what it has read before it goes: the counters of `pg_stat_user_tables` are whole then.
  package func untilAlone() async throws {
    try await eventually {
      try await value(
        """
        select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
        """) == "0"
    }
  }

  /// Waits until Redis has, or no longer has, a key.
  package func until(key: String, exists: Bool) async throws {
    try await eventually { try await redis("EXISTS", key).integer == (exists ? 1 : 0) }
  }
}
