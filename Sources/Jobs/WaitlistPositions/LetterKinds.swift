import JobRuntime

extension LetterKind {
  static let failed = LetterKind(
    "failed",
    cause:
      "The campaign could not be placed: its rows stayed locked, deadlocks recurred, or a trigger or constraint of the application refused it.",
    remedy: "Correct what the message names; the next run places the campaign.")

  static let oddReferrals = LetterKind(
    "odd_referrals",
    cause:
      "Entries of the campaign have an invalid `referred_by`: themselves, an entry of another campaign or of none, a later entry, or a cycle.",
    remedy: "Correct `referred_by` of the entries that the payload names; until then these referrals do not count.")
}

/// Every run places all of its campaigns, and resolves and rejects their letters.
extension WaitlistPositions: Replayable {
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    let words = letter.item.split(separator: "/")
    guard words.count > 1, let id = Int64(words[1]) else { return false }
    return id.magnitude % UInt64(shard.count) == UInt64(shard.index) && settings.campaigns?.contains(id) != false
  }
}
