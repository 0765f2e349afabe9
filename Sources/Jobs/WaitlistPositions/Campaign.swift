import JobRuntime
import Postgres

extension WaitlistPositions {
  struct Campaign: Sendable {
    var id: Int64
    /// Whether its `points_per_referral` is one that counts can be multiplied by.
    var hasValidPoints: Bool
    /// Whether dead letters of the job are pending.
    var hasLetters: Bool

    /// What its failure is called.
    var item: String { "campaign/\(id)" }
    /// What its odd referrals are called.
    var oddItem: String { "campaign/\(id)/odd_referrals" }
  }

  /// The campaigns of this run and share, those first that had the fewest entries.
  ///
  /// - Throws: for a campaign of the settings that does not exist.
  func campaigns(_ run: JobRun) async throws -> [Campaign] {
    let statement = try Statement(
      file: "campaigns.sql", PackageResources.campaigns_sql,
      binding: [
        "chosen": settings.campaigns, "shard": run.shard.index, "shards": run.shard.count, "instance": run.instance,
        "job": Self.name,
      ])
    let rows = try await run.read(statement.limited(to: run.timeLeft))
    var campaigns: [Campaign] = []
    for row in rows {
      let id: Int64 = try row.value("id")
      guard try row.value("is_there") else {
        throw JobFailure(
          .misconfigured, "WAITLIST_CAMPAIGN names \(id), and waitlist_campaigns has no such campaign",
          hint: "Correct the setting, or unset it to place all campaigns that are live.")
      }
      let state: String? = try row.optional("state")
      guard state == "live" else {
        run.log.info("the campaign is not live", ["campaign": .integer(id), "status": .string(state ?? "null")])
        continue
      }
      campaigns.append(
        Campaign(
          id: id, hasValidPoints: try row.value("has_valid_points"), hasLetters: try row.value("has_letters")))
    }
    return campaigns
  }

  static func refuse(_ campaigns: [Campaign]) throws {
    guard !campaigns.isEmpty else { return }
    throw JobFailure(
      .misconfigured,
      "points_per_referral is not a whole number from 0 to 1000000 in campaigns "
        + campaigns.prefix(20).map { "\($0.id)" }.joined(separator: ", ") + "; all others are placed",
      hint: "Correct waitlist_campaigns.points_per_referral.")
  }

  /// Gives a campaign's entries their places, in one transaction.
  func place(_ campaign: Campaign, _ run: JobRun) async throws -> Outcome {
    let turn = try Statement(
      file: "turn.sql", PackageResources.turn_sql,
      binding: ["campaign": campaign.id, "instance": run.instance, "is_plan": run.isDryRun])
    let statement = try Statement(
      file: "place.sql", PackageResources.place_sql,
      binding: [
        "campaign": campaign.id, "rules": settings.rules.text, "moment": run.scheduledAt, "run_id": run.id,
        "is_plan": run.isDryRun,
      ])
    let outcome = try await run.transaction { tx in
      // The statement waits for another run that places the campaign, but not long for a session that has locked an
      // entry and is idle.
      try tx.query(turn.limited(to: run.timeLeft))
      if !run.isDryRun { try tx.execute("set local lock_timeout = '10s'") }
      let outcome = try Outcome(tx.query(statement.limited(to: run.timeLeft)).only(), of: campaign)
      if outcome.odd > 0 { try tx.reject([outcome.odd(of: campaign)]) }
      if campaign.hasLetters {
        try tx.resolve([campaign.item] + (outcome.odd == 0 ? [campaign.oddItem] : []))
      }
      return outcome
    }
    warn(of: outcome, campaign, run)
    return outcome
  }

  private func warn(of outcome: Outcome, _ campaign: Campaign, _ run: JobRun) {
    let troubles = [
      (outcome.twins, "entries share their original position with others; the one with the lower id is ahead"),
      (outcome.unplaced, "entries have no original position, and are last"),
      (outcome.refused, "entries have kept their place: a trigger on waitlist_entries prevents the change"),
    ]
    for (count, what) in troubles where count > 0 && !outcome.isUnchanged {
      run.log.warning(what, ["campaign": .integer(campaign.id), "entries": .integer(Int64(count))])
    }
  }
}

extension WaitlistPositions.Outcome {
  /// - Parameter row: of `place.sql`. Of a campaign that is not live any more it has nothing.
  fileprivate init(_ row: Row, of campaign: WaitlistPositions.Campaign) throws {
    self.init()
    guard let isUnchanged: Bool = try row.optional("is_unchanged") else { return }
    self.isUnchanged = isUnchanged
    entries = try row.value("entries")
    moved = try row.value("moved")
    up = try row.value("up")
    down = try row.value("down")
    notified = try row.value("notified")
    suppressed = try row.value("suppressed")
    twins = try row.value("twins")
    unplaced = try row.value("unplaced")
    refused = try row.value("refused")
    odd = try row.value("odd")
    oddSample = try row.value("odd_sample")
    let written: String = try row.optional("notices") ?? ""
    notices = written.split(separator: ",").compactMap { notice in
      let numbers = notice.split(separator: " ").compactMap { Int64($0) }
      return numbers.count == 3
        ? .init(campaign: campaign.id, entry: numbers[0], from: numbers[1], to: numbers[2]) : nil
    }
  }

  fileprivate func odd(of campaign: WaitlistPositions.Campaign) -> ItemFailure {
    ItemFailure(
      item: campaign.oddItem, kind: .oddReferrals,
      message: "\(odd) \(odd == 1 ? "entry has" : "entries have") an invalid referred_by",
      payload: ["campaign": .integer(campaign.id), "count": .integer(Int64(odd)), "entries": .verbatim(oddSample)])
  }
}
