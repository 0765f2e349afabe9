import Feeds
import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import Trending

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let trends = try await Trends()
    let moment = try #require(Timestamp(rfc3339: Trends.now))
    var golden = GoldenStatements("trending", ["types": [20, 20]])
    try golden.add(
      folder: "Jobs/Trending",
      except: [
        "views", "likes", "comments", "shares", "events", "bounds", "best", "scores", "has_users", "unknown_kind",
      ])
    for relation in LiveRelation.allCases { golden.add(relation.alias, try relation.file.statement(binding: [:])) }
    golden.add("index_advice", try IndexAdvice.statement(for: Trending.eventColumns))
    // Short windows: what an event counts is a table with an entry for each minute.
    var env = Environment(["TRENDING_WINDOWS": "5m,2m,1m", "TRENDING_ACCOUNT_AGE": "1d"])
    let settings = Trending.Settings(from: &env)
    let bigint = SQLFragment(sql: "pg_catalog.int8")
    let pass = Pass(
      sources: settings.sources, settings: settings, windows: settings.windows, start: moment - .minutes(5),
      moment: moment, types: IDTypes(post: bigint, user: bigint), timeLeft: .seconds(60))
    golden.add("bounds", try pass.bounds().statement(binding: pass.boundValues(reach: 8000)))
    golden.add("scores", try pass.scores().statement(binding: pass.scoreValues(for: [ExactName("17")])))
    for source in settings.sources {
      let values = source.values(since: moment - .days(31), until: moment).merging(["kinds": settings.weights.names]) {
        $1
      }
      golden.add("has_users_\(source.name)", try source.hasUsers.statement(binding: values))
      golden.add("unknown_kind_\(source.name)", try source.unknownKind.statement(binding: values))
    }
    try await golden.check(in: trends.place, needs: ["scores": ["live_users", "live_feeds"]])
  }
}
