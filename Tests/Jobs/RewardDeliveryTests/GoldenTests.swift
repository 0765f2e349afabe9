import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import RewardDelivery

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let earned = try await Earned()
    let moment = try #require(Timestamp(rfc3339: Earned.now))
    var golden = GoldenStatements("reward-delivery", ["instance": "", "job": "reward-delivery"])
    try golden.add(
      folder: "Jobs/RewardDelivery",
      except: [
        "changed", "decide", "decided_outcomes", "follow", "followed_outcomes", "free", "has_status", "left", "outcome",
        "own", "page", "states", "untouched", "write",
      ])
    var env = Environment(["REWARD_TYPES": "coffee"])
    let rewards = Rewards(
      RewardDelivery.Settings(from: &env),
      .init(
        idType: "bigint", statusType: "text", wholeStatusType: "character varying(12)",
        statusRules: " and (status <> '')",
        optional: ["locale", "name", "expires_at"]), at: moment,
      for: Shard(index: 0, count: 1))
    golden.add("page", try rewards.page(after: .init(earnedAt: Earned.now, id: "17"), short: ["gold"], limit: 10_000))
    golden.add("changed", try rewards.changed(after: "17", limit: 10_000))
    golden.add("left", try rewards.left())
    golden.add("decide", try rewards.deciding(["17"], short: ["gold"], isReplay: false))
    golden.add("plan", try rewards.planning(["17"], short: ["gold"]))
    golden.add("follow", try rewards.following(["17"]))
    golden.add("states", try rewards.refusedStates())
    try await golden.check(in: earned.place)
  }
}
