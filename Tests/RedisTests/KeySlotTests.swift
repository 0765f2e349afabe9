import Redis
import Testing

@Suite struct KeySlotTests {
  /// What `CLUSTER KEYSLOT` of Redis 7.0 answers.
  @Test(arguments: [
    ("", 0), ("123456789", 12739), ("foo", 12182), ("{user1000}.following", 3443), ("foo{}{bar}", 8363),
    ("foo{{bar}}zap", 4015), ("foo{bar}{zap}", 5061), ("a}b", 7866), ("ü\0{", 11290),
  ])
  func `a key's slot is what the server says`(key: String, slot: Int) {
    #expect(KeySlot.slot(of: key) == slot)
  }

  @Test func `there is a short hash tag for any slot`() {
    for slot in [0, 1, 8191, 16_383] {
      let tag = KeySlot.hashTag(for: slot)
      #expect(KeySlot.slot(of: tag) == slot && tag.utf8.count < 8)
    }
  }
}
