import Redis
import TestSupport
import Testing

/// Redis Cluster, and a failover of Redis.
@Suite(.timeLimit(.minutes(10))) struct ServerTests {
  @Test func `in a cluster lists are made, changed, looked at and found lost, wherever their keys are`() async throws {
    let people = try await People()
    try await people.fill()
    let cluster = try await RedisCluster()
    let there = ["REDIS_URL": cluster.url]
    func expectModel(_ model: [String: String]) async throws {
      let users = model.keys.sorted()
      #expect(users.count > 50)
      let lists = try await cluster.cli(all: users.map { "GET suggested_users:\($0)" })
      #expect(lists == users.compactMap { model[$0] })
      #expect(try await cluster.sizes().allSatisfy { $0 > 10 })
    }
    #expect(try await people.run([], there).exitCode == 0)
    try await expectModel(try await people.model())
    let verify = there.merging(["SUGGEST_MODE": "verify"]) { $1 }
    let fine = try await people.run([], verify)
    #expect(fine.exitCode == 0 && fine.count("missing") == 0 && fine.count("stale") == 0, "\(fine.output)")

    let model = try await people.model()
    let (user, list) = try #require(model.sorted { $0.key < $1.key }.first { $0.value.contains("friends") })
    let person = try #require(try People.entries(list).first).id
    try await people.place.execute("insert into blocks values (\(person), \(user)) on conflict do nothing")
    #expect(try await people.run([], there).exitCode == 0)
    try await expectModel(try await people.model())
    try await cluster.cli(all: ["DEL suggested_users:\(user)"])
    let missing = try await people.run([], verify)
    #expect(missing.count("missing") == 1, "\(missing.output)")

    for port in cluster.ports { _ = try await cluster.answer(port, "FLUSHALL") }
    let lost = try await people.run([], there)
    #expect(lost.exitCode == 0 && lost.count("lost") == 20, "\(lost.output)")
    try await expectModel(try await people.model())
  }

  @Test func `when Redis fails over between calculation and publication, the lists are in the new primary`()
    async throws
  {
    let people = try await People()
    try await people.fill()
    let (outcome, sentinels) = try await people.failOver(past: "calculated the lists")
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    for (user, list) in try await people.model() {
      #expect(try await Sentinels.answer(sentinels.replica.port, "GET", "suggested_users:\(user)") == list + "\n")
    }
  }
}
