import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import PublishScheduled

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let editorial = try await Editorial()
    let moment = try #require(Timestamp(rfc3339: Editorial.now))
    let moments = Moments(until: moment, tooLate: moment - .hours(1))
    let run = "01a228a9-1ce6-7a5b-af9a-758367ac1df3"
    var golden = GoldenStatements(
      "publish-scheduled",
      [
        "instance": "", "job": "publish-scheduled", "variant": "", "day": moment, "items": ["posts/1/2025-11-08"],
        "run_id": run, "table_names": ["posts"], "columns": ["publish_at"], "states": ["scheduled"], "id_column": "id",
        "status_column": "status", "shown": "posts",
      ])
    try golden.add(
      folder: "Jobs/PublishScheduled", except: ["page", "move", "standing", "planned", "guarded", "strays"])
    var env = Environment(["PUBLISH_UNPUBLISH": "unpublish_at:archived"])
    let settings = PublishScheduled.Settings(from: &env)
    let publish = settings.publishing(try #require(settings.tables.first))
    let unpublish = try #require(settings.unpublishing(publish.table))
    let due = "2025-11-08T01:00:00+00:00"
    let posts = [DuePost(id: "1", due: due, isTooLate: false)]
    for (name, move) in [("publish", publish), ("unpublish", unpublish), ("hold", publish.holding)] {
      golden.add(name, try move.carryingOut(posts, by: run, of: "", at: moment))
    }
    golden.add("page", try publish.page(.first, isWaiting: true, limit: 100, moments))
    golden.add("page_after", try publish.page(.after(due: due, id: "1"), isWaiting: true, limit: 100, moments))
    golden.add("page_passing_over", try publish.page(.only(["1"]), isWaiting: false, limit: 1, moments))
    golden.add("standing", try publish.standing(moments))
    golden.add("planned", try publish.planned(moments))
    golden.add("strays", try publish.strays(of: posts))
    golden.add("give_up", try publish.givingUp.changing(only: ["1"], due: due))
    var walls = Environment(["PUBLISH_TIMEZONE": "Europe/Berlin"])
    let wall = PublishScheduled.Settings(from: &walls).publishing(publish.table)
    golden.add("page_of_wall_clock", try wall.page(.first, isWaiting: true, limit: 100, moments))
    try await golden.check(
      in: editorial.place, needs: ["page_of_wall_clock": ["alter table posts alter publish_at type timestamp"]])
  }
}
