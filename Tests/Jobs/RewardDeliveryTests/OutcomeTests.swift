import TestSupport
import Testing

/// What becomes of rewards that cannot be delivered, and of those whose message came to something.
@Suite(.timeLimit(.minutes(10))) struct OutcomeTests {
  @Test func `codes that are void or have expired are never given, and those that expire first go first`() async throws
  {
    let earned = try await Earned()
    try await earned.load(1...4)
    try await earned.place.execute(
      """
      update oneshot.reward_codes set void_at = now() where code = 'SECRET-00001';
      update oneshot.reward_codes set valid_until = '2025-11-08T02:00:00Z' where code = 'SECRET-00002';
      update oneshot.reward_codes set valid_until = '2025-11-09' where code = 'SECRET-00004'
      """)
    try await earned.add(1...4)
    #expect(try await earned.run().count("codes_given") == 2)
    #expect(
      try await earned.outcomes() == ["1 queued SECRET-00004", "2 queued SECRET-00003", "3 no_code", "4 no_code"])
    // The message waits no longer than its code is worth something.
    #expect(
      try await earned.place.value("select expires_at::text from oneshot.deliveries where dedup_key = 'reward:1'")
        == "2025-11-09 00:00:00+00")
  }

  @Test func `what is wrong with one reward is a dead letter that names it, and the others go on`() async throws {
    let earned = try await Earned()
    try await earned.load(1...20)
    try await earned.add(1...9)
    try await earned.place.execute(
      """
      update rewards set type = 'gold' where id = 1;
      update rewards set method = 'fax' where id = 2;
      update users set email = null where id = 3;
      update users set email = 'nobody' where id = 4;
      update rewards set method = 'webhook' where id = 5;
      update rewards set earned_at = '2025-10-01' where id = 6;
      update rewards set earned_at = null where id = 7;
      insert into oneshot.reward_codes (reward_type, code, reward_id, void_at) values ('coffee', 'OLD', '8', now())
      """)
    let run = try await earned.run()
    #expect(run.exitCode == 65 && run.count("codes_given") == 1, "\(run.output)")
    #expect(run.count("failed") == 7 && run.count("too_old") == 1, "\(run.output)")
    #expect(
      try await earned.letters() == [
        "1 invalid pending: oneshot.reward_types has no type \"gold\"",
        "2 invalid pending: rewards.method is \"fax\", neither email nor webhook",
        "3 invalid pending: its user has no address in users.email",
        "4 invalid pending: users.email is not a valid address",
        "5 invalid pending: its type \"coffee\" names no endpoint that is enabled and takes reward.granted",
        "6 too_old pending: it was earned at 2025-10-01T00:00:00+00:00", "7 invalid pending: rewards.earned_at is null",
        "8 invalid pending: its code is void or has expired",
      ])
    #expect(try await earned.outcomes("id = 9") == ["9 queued SECRET-00001"])
    #expect(try await earned.mistakes().filter { !$0.hasPrefix("a code that was given without a message 8") } == [])
    // Once they are corrected, a replay delivers them, whatever their age.
    try await earned.place.execute(
      """
      update rewards set type = 'badge' where id = 1; update rewards set method = 'webhook', type = 'badge' where id = 2;
      update users set email = 'u@example.org' where id in (3, 4);
      update oneshot.reward_types set endpoint_id = 'crm' where reward_type = 'coffee'
      """)
    for id in 1...7 { try await earned.place.askForReplay("reward-delivery", "\(id)") }
    let replay = try await earned.run()
    #expect(replay.exitCode == 0 && replay.replayed == [7, 7, 0, 0], "\(replay.output)\(replay.errors)")
    #expect(try await earned.outcomes("status = 'queued'").count == 8)
    #expect(try await earned.letters().filter { !$0.contains("resolved") }.map { $0.prefix(2) } == ["8 "])
  }

  @Test func `a reward that has expired, or whose user is gone, is gone and gets no code, also while it waits for one`()
    async throws
  {
    let earned = try await Earned()
    try await earned.add(1...6)
    try await earned.place.execute(
      "update rewards set expires_at = '2025-11-08T02:00:00Z' where id = 1; update rewards set user_id = 99 where id = 2"
    )
    let run = try await earned.run()
    #expect(run.exitCode == 0 && run.count("gone") == 2 && run.count("no_code") == 4, "\(run.output)")
    try await earned.place.execute(
      """
      update rewards set expires_at = '2025-11-08T02:30:00Z' where id = 3;
      update rewards set status = 'revoked' where id = 4;
      delete from rewards where id = 5
      """)
    try await earned.load(1...10)
    let next = try await earned.run([], ["JOB_SCHEDULED_AT": "2025-11-08T03:00:00Z"])
    #expect(next.exitCode == 0 && next.count("gone") == 3 && next.count("codes_given") == 1, "\(next.output)")
    #expect(try await earned.outcomes() == ["1 gone", "2 gone", "3 gone", "4 gone", "6 queued SECRET-00001"])
    #expect(try await earned.place.value("select status from rewards where id = 4") == "revoked")
    #expect(try await earned.mistakes() == [])
  }

  @Test func `what became of each message is noted, and a status of the application's own stays`() async throws {
    let earned = try await Earned()
    try await earned.load(1...9)
    try await earned.add(1...9)
    #expect(try await earned.run().exitCode == 0)
    try await earned.place.execute(
      """
      update oneshot.deliveries set state = case dedup_key
        when 'reward:1' then 'sent' when 'reward:2' then 'failed' when 'reward:3' then 'held' when 'reward:4' then 'suppressed'
        when 'reward:5' then 'expired' when 'reward:6' then 'cancelled' when 'reward:7' then 'cancelled' when 'reward:8' then 'sent'
        else 'sending' end, last_code = 550;
      update rewards set status = 'revoked' where id = 7; update rewards set status = 'revoked' where id = 8
      """)
    let run = try await earned.run()
    #expect(run.exitCode == 65 && run.count("delivered") == 2 && run.count("held") == 1, "\(run.output)")
    #expect(run.count("failed") == 4 && run.count("gone") == 1, "\(run.output)")
    #expect(
      try await earned.outcomes().map { $0.split(separator: " ")[1] }
        == ["delivered", "failed", "held", "failed", "failed", "failed", "gone", "delivered", "queued"])
    #expect(
      try await earned.place.value("select string_agg(status, ' ' order by id) from rewards where id in (7, 8)")
        == "revoked revoked")
    #expect(try await earned.mistakes() == [])
    #expect(try await earned.letters().allSatisfy { $0.contains(" undelivered pending: its message ") })
    // The next run finds nothing new, and one that was sent again by hand is delivered in the end.
    #expect(try await earned.run().exitCode == 0)
    try await earned.place.execute(
      "update oneshot.deliveries set state = 'sent' where dedup_key in ('reward:2', 'reward:3')")
    let last = try await earned.run()
    #expect(last.exitCode == 0 && last.count("delivered") == 2, "\(last.output)")
    #expect(try await earned.place.value("select state from oneshot.dead_letters where item = '2'") == "resolved")
    #expect(try await earned.mistakes() == [])
  }

  @Test func `a replay sends the same code once more, to the address of now, and none where one is under way`()
    async throws
  {
    let earned = try await Earned()
    try await earned.load(1...5)
    try await earned.add(1...3)
    #expect(try await earned.run().exitCode == 0)
    try await earned.place.execute("update oneshot.deliveries set state = 'failed'")
    #expect(try await earned.run().count("failed") == 3)
    try await earned.place.execute(
      """
      update users set email = 'right@example.org' where id = 1;
      update oneshot.deliveries set state = 'queued' where dedup_key = 'reward:2';
      update rewards set status = 'revoked' where id = 3
      """)
    for id in 1...3 { try await earned.place.askForReplay("reward-delivery", "\(id)") }
    let replay = try await earned.run()
    #expect(replay.exitCode == 0 && replay.replayed == [3, 3, 0, 0], "\(replay.output)")
    #expect(
      try await earned.place.rows(
        "select dedup_key as a, recipient as b, data ->> 'code' as c from oneshot.deliveries order by 1"
      ) == [
        ["reward:1", "u1@example.org", "SECRET-00001"], ["reward:1:2", "right@example.org", "SECRET-00001"],
        ["reward:2", "u2@example.org", "SECRET-00002"], ["reward:3", "u3@example.org", "SECRET-00003"],
      ])
    #expect(try await earned.outcomes("id < 3") == ["1 queued SECRET-00001", "2 queued SECRET-00002"])
    #expect(try await earned.mistakes() == [])
  }

  @Test func `with REWARD_NO_CODE=fail a reward without a code is a dead letter, and a replay gives it one`()
    async throws
  {
    let earned = try await Earned(["REWARD_NO_CODE": "fail"])
    try await earned.add(1...1)
    #expect(try await earned.run().exitCode == 65)
    #expect(try await earned.letters() == ["1 no_code pending: its type \"coffee\" has no free code"])
    try await earned.load(1...1)
    try await earned.place.askForReplay("reward-delivery", "1")
    #expect(try await earned.run().exitCode == 0)
    #expect(try await earned.outcomes() == ["1 queued SECRET-00001"])
  }

  @Test func `a reward that the application makes due once more gets its outcome back, and nothing else`() async throws
  {
    let earned = try await Earned()
    try await earned.load(1...2)
    try await earned.add(1...1)
    #expect(try await earned.run().exitCode == 0)
    try await earned.place.execute("update oneshot.deliveries set state = 'sent'; update rewards set status = 'due'")
    let run = try await earned.run()
    #expect(run.exitCode == 0 && run.count("restored") == 1 && run.count("delivered") == 1, "\(run.output)")
    #expect(try await earned.place.value("select status from rewards") == "delivered")
    #expect(try await earned.place.value("select count(*) from oneshot.deliveries") == "1")
    #expect(try await earned.mistakes() == [])
  }

  @Test func `what a trigger or a constraint of the application refuses is written for the others alone`() async throws
  {
    let earned = try await Earned()
    try await earned.load(1...20)
    try await earned.add(1...20)
    try await earned.place.execute(
      """
      alter table rewards add constraint no_four check (id <> 4 or status <> 'queued');
      create function veto() returns trigger language plpgsql as $$
      begin
        if new.id = 9 then return null; end if;
        if new.id = 13 then new.status := 'due'; end if;
        if new.id = 17 then raise exception 'not this one'; end if;
        return new;
      end $$;
      create trigger veto before update on rewards for each row execute function veto()
      """)
    for _ in 1...2 {
      let run = try await earned.run()
      #expect(run.exitCode == 65 && run.count("failed") == 4 && run.count("behind") == 4, "\(run.output)")
      #expect(try await earned.mistakes() == [])
    }
    #expect(
      try await earned.letters() == [
        #"4 refused pending: new row for relation "rewards" violates check constraint "no_four" (SQLSTATE 23514)"#,
        "9 refused pending: a trigger on rewards prevents the change of its status",
        "13 refused pending: a trigger on rewards prevents the change of its status",
        "17 refused pending: not this one (SQLSTATE P0001)",
      ])
    try await earned.place.execute("drop trigger veto on rewards; alter table rewards drop constraint no_four")
    #expect(try await earned.run().exitCode == 0)
    #expect(try await earned.letters().allSatisfy { $0.contains(" resolved") })
    #expect(try await earned.mistakes() == [])
    #expect(
      try await earned.place.value("select count(*) from oneshot.reward_codes where reward_id is not null") == "20")
  }
}
