import JobRuntime

extension CacheWarmer.Settings {
  /// A feed as its key holds it.
  ///
  /// It has ids alone: a post may be deleted while the key lives.
  func content(of feed: Feed, at moment: Timestamp) -> Replacement.Content {
    switch form {
    case .string:
      .string(
        JSON(members: [
          ("at", .string(moment.rfc3339)), ("ids", .array(feed.posts.map { .string($0.id) })),
        ]).text)
    case .list: .list(feed.posts.map(\.id))
    case .zset: .sortedSet(feed.posts.map { ($0.id, $0.score) })
    }
  }

  /// Names a user among dead letters: feeds of another prefix have other names.
  func item(_ user: String) -> String { keyPrefix == Self.usualPrefix ? user : "\(user) of \(keyPrefix)" }

  /// The user of a dead letter of this prefix; `nil` for one of another.
  func user(ofItem item: String) -> String? {
    guard keyPrefix != Self.usualPrefix else { return item.contains(" of ") ? nil : item }
    let end = " of \(keyPrefix)"
    return ExactName(item).hasSuffix(end) ? String(item.dropLast(end.count)) : nil
  }

  func tooManyUsers(for shard: Shard) -> JobFailure? {
    let most = Self.mostUsers * shard.count
    guard users > most else { return nil }
    let needed = (users + Self.mostUsers - 1) / Self.mostUsers
    return JobFailure(
      .misconfigured, "WARM_USERS is \(users), and one process takes \(Self.mostUsers)",
      hint: "Share the work: JOB_SHARD_COUNT=\(needed), and a process for each share.")
  }
}
