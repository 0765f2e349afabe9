import JobRuntime
import Postgres

/// One run: what it has done so far.
struct RewardPass: Sendable {
  private let rewards: Rewards
  private let batch: Batch
  private let run: JobRun
  private(set) var report = RewardDelivery.Report()

  init(_ rewards: Rewards, hasLetters: Bool, _ run: JobRun) {
    (self.rewards, self.run) = (rewards, run)
    batch = Batch(rewards: rewards, hasLetters: hasLetters, run: run)
  }

  /// How many ids are read at once.
  ///
  /// Their rows are checked again once they are locked.
  private static let page = 10_000

  /// Notes what has become of messages.
  mutating func follow() async throws {
    var last: String? = ""
    while let after = last {
      try Task.checkCancellation()
      let ids: [String] = try await run.read(
        rewards.changed(after: after, limit: Self.page).limited(to: run.timeLeft)
      ).map { try $0.value("reward_id") }
      try await carryOut(.follow, ids, isDecision: false)
      last = ids.count == Self.page ? ids.last : nil
    }
  }

  /// Decides on all that are due, and on those that wait for a code that there is, in the order of earning.
  mutating func decide() async throws {
    var (place, short) = (Rewards.Place?.none, [String]())
    repeat {
      try Task.checkCancellation()
      let page = try await dueAfter(place, &short)
      try await carryOut(.decide(short: short), page.map(\.id))
      place = page.count == Self.page ? page.last : nil
    } while place != nil
  }

  /// Counts what a run would decide, and writes nothing.
  mutating func plan() async throws {
    var (place, short) = (Rewards.Place?.none, [String]())
    repeat {
      try Task.checkCancellation()
      let page = try await dueAfter(place, &short)
      var outcome = Outcome()
      try await outcome.add(run.read(rewards.planning(page.map(\.id), short: short).limited(to: run.timeLeft)))
      add(outcome)
      place = page.count == Self.page ? page.last : nil
    } while place != nil
  }

  /// Counts what is left, and warns where codes run out.
  mutating func conclude() async throws {
    for row in try await run.read(rewards.left().limited(to: run.timeLeft)) {
      let (due, waiting): (Int, Int) = (try row.value("due"), try row.value("waiting"))
      report.behind += due + waiting
      guard let type: String = try row.optional("reward_type"), let left: Int = try row.optional("codes_left"),
        let low: Int = try row.optional("low_codes")
      else { continue }
      report.note("codes_left", left, of: type)
      guard left < low else { continue }
      run.log.warning(
        "a type of rewards is running out of codes",
        [
          "type": .string(type), "codes_left": .integer(Int64(left)), "low_codes": .integer(Int64(low)),
          "waiting": .integer(Int64(waiting)),
        ])
    }
  }

  /// - Parameter short: types that had no free code so far; those of this page come to them.
  private func dueAfter(_ place: Rewards.Place?, _ short: inout [String]) async throws -> [Rewards.Place] {
    let statement = try rewards.page(after: place, short: short, limit: Self.page).limited(to: run.timeLeft)
    let page = try await run.read(statement).map {
      Rewards.Place(
        earnedAt: try $0.value("earned_at"), id: try $0.value("id"), shortType: try $0.optional("short_type"))
    }
    short = Selection.asSet(short + page.compactMap(\.shortType))
    return page
  }

  private mutating func carryOut(_ step: Batch.Step, _ ids: [String], isDecision: Bool = true) async throws {
    for start in stride(from: 0, to: ids.count, by: rewards.settings.batch) {
      try Task.checkCancellation()
      let (batch, some) = (batch, Array(ids[start..<min(start + rewards.settings.batch, ids.count)]))
      add(try await run.transaction { tx in try batch.carryOut([step], some, tx) }, isDecision: isDecision)
      try run.checkpoint(report)
      run.log.progress("rewards", report.due)
    }
  }

  private mutating func add(_ outcome: Outcome, isDecision: Bool = true) {
    for tally in outcome.tallies {
      report.add(tally)
      if isDecision { report.due += tally.rewards }
    }
  }
}
