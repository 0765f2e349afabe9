import TestSupport
import Testing

/// The built-in handler of `job.reward.deliver`.
@Suite(.timeLimit(.minutes(10))) struct RewardHandlerTests {
  @Test func `a reward becomes due by its event, if it has no outcome and was not taken back, and is waited for`()
    async throws
  {
    let drained = try await Drained()
    try await drained.place.execute(
      """
      create table rewards (id bigint primary key, status text);
      insert into rewards values (1, 'pending'), (2, 'delivered'), (3, null), (5, 'pending'), (8, 'revoked'), (9, 'earned');
      insert into oneshot.reward_deliveries (reward_id, reward_type, method, state, decided_at)
      values ('2', 'coffee', 'email', 'delivered', now())
      """)
    func event(_ id: Int, _ data: String) -> String {
      #"{"id":"r\#(id)","type":"job.reward.deliver","data":\#(data)}"#
    }
    try await drained.add([
      event(1, #"{"reward_id":1}"#), event(2, #"{"reward_id":"2"}"#), event(3, #"{"reward_id":"3"}"#),
      event(4, #"{"reward_id":"4"}"#), event(5, #"{"reward_id":"many"}"#), event(6, #"{"id":"1"}"#),
      event(7, #"{"reward_id":1}"#), event(8, #"{"reward_id":8}"#), event(9, #"{"reward_id":9}"#),
    ])
    let run = try await drained.run()
    #expect(
      run.count("done") == 5 && run.count("failed") == 1 && run.count("waiting") == 3, "\(run.output)\(run.errors)")
    #expect(
      try await drained.place.value("select string_agg(id || ' ' || status, ', ' order by id) from rewards")
        == "1 due, 2 delivered, 3 due, 5 pending, 8 revoked, 9 due")
    try await drained.place.execute("insert into rewards values (4, 'pending')")
    let next = try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-09T02:00:00Z"])
    #expect(next.count("done") == 1, "\(next.output)")
    #expect(try await drained.place.value("select status from rewards where id = 4") == "due")
  }
}
