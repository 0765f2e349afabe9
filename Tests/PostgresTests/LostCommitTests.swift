import Postgres
import TestSupport
import Testing

/// A COMMIT whose answer is lost: what became of it is learnt, not guessed.
@Suite(.timeLimit(.minutes(10))) struct LostCommitTests {
  /// A table whose rows make COMMIT stand still, in a trigger that only runs then.
  private func place(trigger body: String) async throws -> Place {
    let place = try await Place(migrated: false)
    try await place.execute(
      """
      create table t (n integer);
      create function slow() returns trigger language plpgsql as $$ begin \(body) return null; end $$;
      create constraint trigger slow after insert on t deferrable initially deferred for each row execute function slow()
      """)
    return place
  }

  private func insert(_ place: Place, timeout: Duration = .seconds(30)) async throws -> String {
    var options = try ConnectionOptions(url: place.databaseURL, applicationName: "committer")
    options.commandTimeout = timeout
    return try await Database(options).transaction(guardedBy: "select 1") { session in
      try session.execute("insert into t values (1)")
      return "value"
    }
  }

  @Test func `a COMMIT that was carried out though nobody heard of it is a success`() async throws {
    // It outlasts our patience, and the cancel request that follows (which must not come before the trigger
    // has begun, hence six seconds). Postgres sends its signal to the process and to its group: on a busy machine
    // the second one is met when the first is over.
    let place = try await place(
      trigger: """
        begin perform pg_sleep(60); exception when query_canceled then
          begin perform pg_sleep(0.5); exception when query_canceled then perform pg_sleep(0.5); end;
        end;
        """)
    #expect(try await insert(place, timeout: .seconds(6)) == "value")
    #expect(try await place.value("select count(*) from t") == "1")
  }

  @Test func `a COMMIT that was cut off is the error that cut it off, and nothing is kept`() async throws {
    let place = try await place(trigger: "perform pg_sleep(60);")
    let committing = Task { try await insert(place) }
    try await eventually {
      let ended = """
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where application_name = 'committer' and datname = current_database() and wait_event = 'PgSleep'
        """
      return try await place.value(ended) == "1"
    }
    let error = try await postgresError { try await committing.value }
    #expect(error.isTransient)
    #expect(try await place.value("select count(*) from t") == "0")
  }
}
