import TestSupport
import Testing

/// Columns as applications have made them.
@Suite(.timeLimit(.minutes(10))) struct ColumnTests {
  @Test(arguments: [
    (#"text collate "en-x-icu""#, "due"), ("text collate any_case", "Due"), ("citext", "DUE"), ("char(40)", "due"),
  ])
  func `texts of any collation and type are delivered, and compared as their columns do it`(type: String, due: String)
    async throws
  {
    let earned = try await Earned()
    try await earned.load(1...1)
    try await earned.place.execute(
      """
      create extension if not exists citext;
      create collation any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      drop table users; drop table rewards;
      create table users (id \(type) primary key, email \(type), locale \(type), name \(type));
      create table rewards (
        id \(type) primary key, user_id \(type), campaign_id \(type), type \(type), method \(type), status \(type),
        earned_at timestamptz);
      insert into users values ('u', 'u@example.org', null, 'U');
      insert into rewards
      select id, 'u', null, 'coffee', 'email', '\(due)', '2025-11-07'
      from unnest(array['ab', 'ac']) as id
      """)
    let check = try await earned.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    let first = try await earned.run()
    #expect(first.exitCode == 0 && first.count("codes_given") == 1 && first.count("no_code") == 1, "\(first.output)")
    try await earned.load(2...2)
    let second = try await earned.run()
    #expect(second.exitCode == 0 && second.count("codes_given") == 1, "\(second.output)")
    try await earned.place.execute("update oneshot.deliveries set state = 'sent'")
    let last = try await earned.run()
    #expect(last.exitCode == 0 && last.count("delivered") == 2 && last.count("behind") == 0, "\(last.output)")
    #expect(
      try await earned.place.rows("select id::text as a, status::text as b from rewards order by 1")
        == [["ab", "delivered"], ["ac", "delivered"]])
    // The handler of job.reward.deliver.
    #expect(try await earned.place.rows("select oneshot.rewards_due(array['ab', 'x']) as a") == [["x"]])
  }

  @Test(arguments: [
    ("alter table rewards alter status type varchar(8)", "rewards.status does not take delivered"),
    (
      "alter table rewards add check (status in ('due', 'queued', 'delivered', 'failed', 'held', 'gone'))",
      "rewards.status does not take no_code"
    ),
    (
      "create rule quiet as on update to rewards where new.id = 2 do instead nothing",
      "rewards and users do not match what this job needs"
    ),
  ])
  func `check names what would refuse the states, before a mail is sent whose outcome cannot be noted`(
    change: String, complaint: String
  ) async throws {
    let earned = try await Earned()
    #expect(try await earned.run(["--check"]).exitCode == 0)
    try await earned.place.execute(change)
    let check = try await earned.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains(complaint), "\(check.output)")
    #expect(check.result["error", "hint"].string?.contains("queued, delivered, failed") == true, "\(check.output)")
  }

  @Test func `the second message of one reward is not taken for the first of another`() async throws {
    let earned = try await Earned()
    try await earned.load(1...2)
    try await earned.place.execute(
      """
      alter table rewards alter id type text;
      insert into rewards
      select id, 1, null, 'coffee', 'email', 'due', '2025-11-07' from unnest(array['a', 'a:2']) as id
      """)
    #expect(try await earned.run().count("emails") == 2)
    try await earned.place.execute("update oneshot.deliveries set state = 'failed'")
    #expect(try await earned.run().count("failed") == 2)
    for id in ["a", "a:2"] { try await earned.place.askForReplay("reward-delivery", id) }
    let replay = try await earned.run()
    #expect(replay.exitCode == 0 && replay.replayed == [2, 2, 0, 0], "\(replay.output)")
    #expect(
      try await earned.place.rows("select dedup_key as a, data ->> 'reward_id' as b from oneshot.deliveries order by 1")
        == [["reward:a", "a"], ["reward:a:2", "a"], ["reward:a:2:1", "a:2"], ["reward:a:2:2", "a:2"]])
  }

  @Test(arguments: ["PT409", "09000", "45000", "2F003"])
  func `what a trigger refuses by a state of its own holds up no other reward, and no row is in the result`(
    state: String
  ) async throws {
    let earned = try await Earned()
    try await earned.load(1...4)
    try await earned.add(1...4)
    try await earned.place.execute(
      """
      create function veto() returns trigger language plpgsql as $$
      begin
        if new.id = 2 then raise exception 'not this one' using errcode = '\(state)'; end if;
        return new;
      end $$;
      create trigger veto before update on rewards for each row execute function veto()
      """)
    let run = try await earned.run()
    #expect(run.exitCode == 65 && run.count("emails") == 3 && run.count("failed") == 1, "\(run.output)")
    #expect(try await earned.letters() == ["2 refused pending: not this one (SQLSTATE \(state))"])
    #expect(try await earned.mistakes() == [])
  }

  @Test func `a view's check option refuses rewards by themselves, and a trigger may change others of the batch`()
    async throws
  {
    let earned = try await Earned()
    try await earned.load(1...4)
    try await earned.add(1...4)
    try await earned.place.execute(
      """
      alter table rewards rename to kept;
      create view rewards as select * from kept where id <> 3 or status <> 'queued' with check option;
      create function next() returns trigger language plpgsql as $$
      begin
        update kept set campaign_id = 9 where id = new.id + 1;
        return new;
      end $$;
      create trigger next before update of status on kept for each row execute function next()
      """)
    let run = try await earned.run()
    #expect(run.exitCode == 65 && run.count("emails") == 3 && run.count("failed") == 1, "\(run.output)")
    #expect(
      try await earned.letters() == [
        #"3 refused pending: new row violates check option for view "rewards" (SQLSTATE 44000)"#
      ])
    #expect(try await earned.mistakes() == [])
  }
}
