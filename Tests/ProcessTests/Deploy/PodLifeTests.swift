import Foundation
import TestSupport
import Testing

/// Pods as the manifests describe them, lived through against real servers.
@Suite(.timeLimit(.minutes(15))) struct PodLifeTests {
  /// Two in the morning, UTC, that was last; a slot counts only near the clock.
  private let slot: Date = {
    let (day, two) = (86_400.0, 7_200.0)
    return Date(timeIntervalSince1970: ((Date().timeIntervalSince1970 - two) / day).rounded(.down) * day + two)
  }()

  /// The day before the slot's, whose counters it moves.
  private var day: String { String(timestamp(slot.addingTimeInterval(-86_400)).prefix(10)) }

  private func timestamp(_ date: Date) -> String { date.ISO8601Format() }

  private func pod(
    in place: Place, folder: String = "k8s/base", secret: [String: String] = [:], index: Int? = nil
  ) async throws -> Pod {
    try await Pod(
      of: "usage-aggregation", in: folder, jobName: Pod.jobName("usage-aggregation", for: slot),
      secret: place.environment.merging(secret) { $1 }, index: index)
  }

  @Test func `a pod knows its slot from the Job's name and its secrets from files; a second one does nothing`()
    async throws
  {
    guard DeployTools.areThere(for: "a pod's life") else { return }
    let place = try await Place()
    try await place.redis("SET", "usage:m:\(day):x", "5")
    let pod = try await pod(in: place)
    #expect(pod.environment["DATABASE_URL"] == nil && pod.environment["REDIS_URL"] == nil)
    let run = try await pod.run()
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.result["scheduled_by"].string == "kubernetes")
    #expect(run.result["scheduled_at"].string == timestamp(slot))
    #expect(try await place.value("select sum(value) from merchant_usage") == "5")
    let second = try await pod.run()
    #expect(try pod.verdict(second.exitCode) == .complete)
    #expect(second.result["reason"].string == "already_done")
  }

  @Test func `a pod of a drained node is gone within its grace, costs no try, and the next does the work`() async throws
  {
    guard DeployTools.areThere(for: "a drained node") else { return }
    let place = try await Place()
    try await place.redis("SET", "usage:m:\(day):x", "5")
    let pod = try await pod(in: place)
    let blocked = try await BlockedRun(
      at: .writing, in: place, pod.environment.merging(["DATABASE_URL": "", "REDIS_URL": ""]) { $1 }, pod.binary)
    let stopped = try await pod.stop(blocked.process)
    #expect(stopped.exitCode == 143 && stopped.result["status"].string == "interrupted")
    #expect(try pod.verdict(stopped.exitCode, isDisrupted: true) == .ignore)
    try await blocked.letGo()
    let next = try await pod.run()
    #expect(next.exitCode == 0 && next.result["scheduled_at"].string == timestamp(slot))
    #expect(next.result["attempt"].int == 2)
    #expect(try await place.value("select sum(value) from merchant_usage") == "5")
  }

  @Test func `every exit code does to the Job what the code advises`() async throws {
    guard DeployTools.areThere(for: "exit codes against podFailurePolicy") else { return }
    let place = try await Place()
    let pod = try await pod(in: place)
    var ended: [Int32: Pod.Verdict] = [:]
    func expect(_ code: Int32, _ run: Binary.Outcome) throws {
      #expect(run.exitCode == code, "\(run.output)")
      ended[run.exitCode] = try pod.verdict(run.exitCode)
    }
    func run(_ settings: [String: String]) async throws -> Binary.Outcome {
      try await pod.binary.run([], pod.environment.merging(["JOB_FORCE": "true"]) { $1 }.merging(settings) { $1 })
    }
    try expect(64, try await pod.run(["--nonsense"]))
    try expect(69, try await self.pod(in: place, secret: ["REDIS_URL": "unix:///nowhere/s"]).run())
    try expect(78, try await run(["USAGE_MODE": "none"]))
    let role = place.own("pods")
    try await place.execute("create role \(role) login")
    let stranger = place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")
    try expect(77, try await self.pod(in: place, secret: ["DATABASE_URL": stranger]).run())
    try await place.redis("SET", "usage:m:\(day):bad", "no number")
    try expect(65, try await pod.run())
    try await place.redis("SET", "usage:m:\(day):bad", "1")
    let blocked = try await BlockedRun(
      at: .writing, in: place,
      pod.environment.merging(["DATABASE_URL": "", "REDIS_URL": "", "JOB_TIMEOUT": "2s", "JOB_FORCE": "true"]) { $1 })
    try expect(75, await blocked.process.outcome())
    try await blocked.letGo()
    let interrupted = try await BlockedRun(
      at: .writing, in: place, pod.environment.merging(["DATABASE_URL": "", "REDIS_URL": ""]) { $1 })
    try expect(143, try await pod.stop(interrupted.process))
    try await interrupted.letGo()
    try await place.execute(
      """
      create function refuse() returns trigger language plpgsql as $$ begin raise 'never' using errcode = 'XX000'; end $$;
      create trigger refuse before insert on merchant_usage execute function refuse()
      """)
    try expect(70, try await run([:]))

    let facts = try await pod.binary.run(["--describe"]).result
    var advised: [Int32: Pod.Verdict] = [:]
    for row in facts["exit_codes"].elements {
      for code in row["codes"].elements.compactMap(\.int) where code != 0 && code != 130 {
        advised[Int32(code)] = row["retry"].bool == true ? .retry : .failJob
      }
    }
    #expect(ended == advised)
  }

  @Test func `the pods of the sharded overlay share the merchants, each once`() async throws {
    guard DeployTools.areThere(for: "an Indexed Job") else { return }
    let place = try await Place()
    for merchant in 1...40 { try await place.redis("SET", "usage:m\(merchant):\(day):x", "\(merchant)") }
    var pods: [Pod] = []
    for index in 0..<4 { pods.append(try await pod(in: place, folder: "k8s/overlays/sharded", index: index)) }
    let running = try pods.map { try $0.start() }
    var inserted: [Int] = []
    for process in running {
      let run = await process.outcome()
      #expect(run.exitCode == 0, "\(run.output)")
      inserted.append(run.result["counts", "inserted"].int ?? 0)
    }
    #expect(inserted.reduce(0, +) == 40 && inserted.allSatisfy { $0 > 0 }, "\(inserted)")
    #expect(try await place.value("select sum(value) from merchant_usage") == "820")
    let bad = try await pod(in: place, folder: "k8s/overlays/sharded", index: 4)
    let beyond = try await bad.run()
    #expect(beyond.exitCode == 78)
    #expect(try bad.verdict(beyond.exitCode) == .failIndex)
  }
}
