import TestSupport
import Testing

/// The built-in source for campaigns.
@Suite(.timeLimit(.minutes(15))) struct RollupCampaignTests {
  @Test func `campaign analytics: each thing counts when it happened`() async throws {
    let sources = try await RollupSources()
    let rollups = sources.rollups
    try await rollups.place.execute(
      """
      create table campaign_signups (campaign_id bigint, signed_up_at timestamptz, verified_at timestamptz, referred_by bigint);
      create table campaign_emails (campaign_id bigint, sent_at timestamptz);
      create table campaign_rewards (campaign_id bigint, delivered_at timestamptz);
      insert into campaign_signups values (1, '2025-11-06 10:00+00', '2025-11-07 09:00+00', null),
        (1, '2025-11-06 11:00+00', null, 7), (2, '2025-11-07 11:00+00', '2025-11-07 11:01+00', 8);
      insert into campaign_emails values (1, '2025-11-06 10:01+00'), (1, '2025-11-07 10:01+00'), (2, null);
      insert into campaign_rewards values (2, '2025-11-07 12:00+00'), (2, null);
      """)
    let settings = ["ROLLUPS_SOURCES": "campaign_analytics"]
    #expect(try await rollups.run([], settings).exitCode == 0)
    #expect(
      try await sources.stored("campaign_analytics") == [
        "2025-11-06 emails_sent campaign 1 1 1", "2025-11-06 referrals campaign 1 1 1",
        "2025-11-06 sign_ups campaign 1 2 2", "2025-11-07 emails_sent campaign 1 1 1",
        "2025-11-07 referrals campaign 2 1 1", "2025-11-07 rewards_delivered campaign 2 1 1",
        "2025-11-07 sign_ups campaign 2 1 1", "2025-11-07 verified_emails campaign 1 1 1",
        "2025-11-07 verified_emails campaign 2 1 1",
      ])
    // Verified two days after it signed up.
    try await rollups.place.execute(
      "update campaign_signups set verified_at = '2025-11-08 01:00+00' where referred_by = 7")
    #expect(try await rollups.run([], settings).exitCode == 0)
    #expect(try await sources.stored("campaign_analytics").last == "2025-11-08 verified_emails campaign 1 1 1")
    // Without its tables it cannot be.
    let missing = try await Rollups()
    #expect(try await missing.run([], settings).exitCode == 78)
  }
}
