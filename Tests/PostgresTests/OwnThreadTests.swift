import Postgres
import TestSupport
import Testing

@Suite struct OwnThreadTests {
  @Test(.timeLimit(.minutes(10)))
  func `connections that wait leave the shared threads to everybody else`() async throws {
    let place = try await Place(migrated: false)
    let url = place.databaseURL
    let tasks = try (0..<8).map { _ in
      let database = try Database(ConnectionOptions(url: url, applicationName: "waiting"))
      return Task {
        try await database.withSession { session in
          try session.query("select pg_sleep(600)")
        }
      }
    }
    try await eventually {
      try await place.value(
        "select count(*) from pg_stat_activity where application_name = 'waiting' and state = 'active'") == "8"
    }
    for task in tasks { task.cancel() }
    for task in tasks { _ = try? await task.value }
  }
}
