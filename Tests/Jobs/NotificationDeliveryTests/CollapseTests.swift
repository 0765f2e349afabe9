import TestSupport
import Testing

/// Notifications that replace each other, by `collapse_key`.
@Suite(.timeLimit(.minutes(10))) struct CollapseTests {
  private func title(_ notices: Notices, _ sql: String) async throws -> [String] {
    try await notices.place.rows(sql).map { $0[0] }
  }

  @Test func `the last of a batch stands for all, and a later one takes the place of a mail that is not sent`()
    async throws
  {
    let notices = try await Notices()
    try await notices.addUsers(1...2)
    try await notices.add(1...4, users: 2, more: "'k'")
    #expect(try await notices.run().count("collapsed") == 2)
    #expect(try await notices.mails() == ["1 collapsed", "2 collapsed", "3 immediate", "4 immediate"])
    try await notices.place.execute(
      "insert into notifications (id, user_id, collapse_key, title) values (5, 2, 'k', 'new')")
    let second = try await notices.run()
    #expect(second.count("collapsed") == 1 && second.count("emails") == 0, "\(second.output)")
    let mails = "select data ->> 'title' as a from oneshot.deliveries order by dedup_key"
    #expect(try await title(notices, mails) == ["new", "a title"])
    // One that was attempted, or sent, stays as it is.
    try await notices.place.execute("update oneshot.deliveries set attempts = 1")
    try await notices.place.execute(
      "insert into notifications (id, user_id, collapse_key, title) values (6, 2, 'k', 'newer')")
    #expect(try await notices.run().count("emails") == 1)
    #expect(try await title(notices, mails) == ["new", "a title", "newer"])
    // Other categories and other users have keys of their own.
    try await notices.place.execute(
      "insert into notifications (id, user_id, category, collapse_key) values (7, 2, 'other', 'k'); insert into users values (9, 'x@example.org')"
    )
    try await notices.place.execute("insert into notifications (id, user_id, collapse_key) values (8, 9, 'k')")
    #expect(try await notices.run().count("emails") == 2)
  }

  @Test func `an item that is in no digest yet is replaced, one that is in one stays`() async throws {
    let notices = try await Notices()
    try await notices.addUsers(1...1)
    try await notices.place.execute("insert into notification_preferences values (1, 'social', 'email', 'daily')")
    let items = "select notification_id as a from oneshot.digest_items order by 1"
    for id in 1...3 {
      try await notices.add(id...id, more: "'k'")
      #expect(try await notices.run().count("collapsed") == (id == 1 ? 0 : 1))
      #expect(try await title(notices, items) == ["\(id)"])
    }
    try await notices.place.execute("update oneshot.digest_items set digest_id = gen_random_uuid()")
    try await notices.add(4...4, more: "'k'")
    #expect(try await notices.run().count("digested") == 1)
    #expect(try await title(notices, items) == ["3", "4"])
  }

  @Test func `a mail that the sender is about to send is not replaced, and nobody waits`() async throws {
    let notices = try await Notices()
    try await notices.addUsers(1...1)
    try await notices.add(1...1, more: "'k'")
    #expect(try await notices.run().count("emails") == 1)
    let sender = try await OpenTransaction(
      in: notices.place, "update oneshot.deliveries set state = 'sending', attempts = attempts + 1")
    try await notices.add(2...2, more: "'k'")
    #expect(try await notices.run().count("emails") == 1)
    try await sender.commit()
    #expect(try await notices.mails() == ["1 immediate", "2 immediate"])
  }
}
