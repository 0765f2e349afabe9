import Foundation
import TestSupport
import Testing

/// Random worlds, in which a run does what a program does that looks at one reward after the other.
@Suite(.timeLimit(.minutes(120))) struct ModelTests {
  @Test func `whatever happens between runs, each has the outcome and the code that the model has`() async throws {
    let environment = ProcessInfo.processInfo.environment
    let worlds = environment["ONESHOT_SOAK_RUNS"] == nil ? 3 : 60
    let seed = environment["ONESHOT_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
    print("worlds of rewards: ONESHOT_SEED=\(seed)")
    var random = SeededGenerator(seed)
    for world in 1...worlds {
      let earned = try await Earned(["REWARD_MAX_AGE": "20h"])
      var model = Model()
      for round in 1...12 {
        let changes = model.change(&random)
        try await earned.place.execute(changes.joined(separator: ";\n"))
        let batch = Int.random(in: 1...12, using: &random)
        let run = try await earned.run([], ["REWARD_BATCH": "\(batch)", "JOB_SCHEDULED_AT": model.moment])
        #expect(model.run() == (run.exitCode == 65), "\(run.output)")
        let found = try await earned.place.rows(
          """
          select concat_ws(' ', r.id, r.status, d.state, c.code) as a
          from rewards r left join oneshot.reward_deliveries d on d.reward_id = r.id::text
          left join oneshot.reward_codes c on c.reward_id = r.id::text order by r.id
          """
        ).map { $0[0] }
        guard found == model.outcomes else {
          let differences = zip(found, model.outcomes).filter { $0 != $1 }.map { "\($0) instead of \($1)" }
          Issue.record("world \(world), round \(round), batch \(batch): \(differences) after \(changes)")
          return
        }
      }
      #expect(
        try await earned.place.value("select count(*) from oneshot.reward_codes where reward_id is not null") != "0")
    }
  }
}

/// The same rewards, kept by the simplest program that does it.
private struct Model {
  struct Reward {
    var user: Int
    var type: String
    var method: String
    var earned: Int
    var expires: Int?
    var status = "due"
    var state: String?
    var code: String?
    var message: String?
  }

  struct Code {
    var until: Int?
    var isVoid = false
    var reward: Int?
  }

  private var rewards: [Int: Reward] = [:]
  private var codes: [String: Code] = [:]
  /// Users whose address is none.
  private var mute: Set<Int> = []
  private var hour = 0

  private static let types = ["coffee", "coffee", "coffee", "badge", "gold"]
  private static let methods = ["email", "email", "email", "webhook", "fax"]

  /// Hours are those since two in the morning.
  static func time(_ hour: Int) -> String {
    func two(_ number: Int) -> String { String("0\(number)".suffix(2)) }
    return "2025-11-\(two(8 + (hour + 2) / 24))T\(two((hour + 2) % 24)):00:00Z"
  }

  var moment: String { Self.time(hour) }

  /// `ID STATUS STATE CODE`.
  var outcomes: [String] {
    rewards.sorted { $0.key < $1.key }.map { id, reward in
      (["\(id)", reward.status] + [reward.state, reward.code].compactMap(\.self)).joined(separator: " ")
    }
  }

  // MARK: What others do

  /// Lets others do something, and returns the statements that do it.
  mutating func change(_ random: inout SeededGenerator) -> [String] {
    var statements: [String] = []
    hour += Int.random(in: 0...3, using: &random)
    for _ in 0..<Int.random(in: 3...15, using: &random) {
      switch Int.random(in: 0..<12, using: &random) {
      case 0...4: statements.append(addReward(&random))
      case 5, 6: statements.append(addCode(&random))
      case 7:
        guard let code = codes.keys.sorted().randomElement(using: &random) else { continue }
        codes[code]?.isVoid = true
        statements.append("update oneshot.reward_codes set void_at = now() where code = '\(code)'")
      case 8:
        guard let id = rewards.keys.sorted().randomElement(using: &random) else { continue }
        rewards[id]?.status = "revoked"
        statements.append("update rewards set status = 'revoked' where id = \(id)")
      case 9:
        let user = Int.random(in: 1...5, using: &random)
        let isMute = mute.remove(user) == nil
        if isMute { mute.insert(user) }
        statements.append("update users set email = \(isMute ? "null" : "'u@example.org'") where id = \(user)")
      case 10:
        guard let id = rewards.keys.sorted().randomElement(using: &random) else { continue }
        rewards[id]?.status = "due"
        statements.append("update rewards set status = 'due' where id = \(id)")
      default:
        guard let id = rewards.filter({ $0.value.message != nil }).keys.sorted().randomElement(using: &random)
        else { continue }
        let end = ["sent", "failed", "held", "queued", "cancelled"].randomElement(using: &random) ?? "sent"
        rewards[id]?.message = end
        statements.append("update oneshot.deliveries set state = '\(end)' where dedup_key = 'reward:\(id)'")
      }
    }
    return statements
  }

  private mutating func addReward(_ random: inout SeededGenerator) -> String {
    let id = rewards.count + 1
    let reward = Reward(
      user: Int.random(in: 1...6, using: &random),
      type: Self.types[Int.random(in: 0...4, using: &random)],
      method: Self.methods[Int.random(in: 0...4, using: &random)],
      earned: hour - Int.random(in: 0...24, using: &random),
      expires: Bool.random(using: &random) ? hour + Int.random(in: 0...9, using: &random) : nil)
    rewards[id] = reward
    let expires = reward.expires.map { "timestamptz '\(Self.time(0))' + interval '\($0) hours'" } ?? "null"
    // The sixth is nobody.
    return """
      insert into rewards values (\(id), \(reward.user == 6 ? 99 : reward.user), 1, '\(reward.type)', '\(reward.method)', 'due',
        timestamptz '\(Self.time(0))' + interval '\(reward.earned) hours', \(expires))
      """
  }

  private mutating func addCode(_ random: inout SeededGenerator) -> String {
    let code = "C\(Int.random(in: 100...999, using: &random))-\(codes.count)"
    let until = Bool.random(using: &random) ? hour + Int.random(in: 0...9, using: &random) : nil
    codes[code] = Code(until: until)
    return """
      insert into oneshot.reward_codes (reward_type, code, valid_until)
      values ('coffee', '\(code)', \(until.map { "timestamptz '\(Self.time(0))' + interval '\($0) hours'" } ?? "null"))
      """
  }

  // MARK: What a run does

  /// - Returns: whether it has failures.
  mutating func run() -> Bool {
    var hasFailed = false
    for (id, old) in rewards {
      guard let new = followed(old), new != old.state else { continue }
      rewards[id]?.state = new
      if old.status == old.state { rewards[id]?.status = new }
      if new == "failed" { hasFailed = true }
    }
    // What waits for a code is left alone until there is one.
    let hasCodes = !freeCodes.isEmpty
    let waiting = rewards.filter {
      $0.value.status == "due" || hasCodes && ($0.value.status, $0.value.state) == ("no_code", "no_code")
    }
    for (id, reward) in waiting.sorted(by: { ($0.value.earned, $0.key) < ($1.value.earned, $1.key) }) {
      if let state = reward.state, state != "no_code" {
        rewards[id]?.status = state
        continue
      }
      let state = decided(reward, id)
      rewards[id]?.state = state
      rewards[id]?.status = state
      if state == "queued" { rewards[id]?.message = "queued" }
      if state == "failed" { hasFailed = true }
    }
    return hasFailed
  }

  private func followed(_ reward: Reward) -> String? {
    if reward.state == "no_code" {
      let isGone = !["no_code", "due"].contains(reward.status) || reward.expires.map { $0 <= hour } ?? false
      return isGone ? "gone" : "no_code"
    }
    guard let message = reward.message, ["queued", "held", "failed"].contains(reward.state) else { return nil }
    switch message {
    case "sent": return "delivered"
    case "held", "queued": return message
    case "cancelled" where reward.status == "revoked": return "gone"
    default: return "failed"
    }
  }

  private var freeCodes: [String: Code] {
    codes.filter { $0.value.reward == nil && !$0.value.isVoid && $0.value.until.map { $0 > hour } ?? true }
  }

  private mutating func decided(_ reward: Reward, _ id: Int) -> String {
    if let expires = reward.expires, expires <= hour { return "gone" }
    if reward.user == 6 { return "gone" }
    if reward.type == "gold" || reward.method == "fax" { return "failed" }
    if reward.method == "email" && mute.contains(reward.user) { return "failed" }
    if reward.method == "webhook" && reward.type == "coffee" { return "failed" }
    if reward.state == nil && reward.earned < hour - 20 { return "failed" }
    guard reward.type == "coffee" else { return "queued" }
    guard
      let (code, _) = freeCodes.min(by: { ($0.value.until ?? .max, $0.key) < ($1.value.until ?? .max, $1.key) })
    else { return "no_code" }
    codes[code]?.reward = id
    rewards[id]?.code = code
    return "queued"
  }
}
