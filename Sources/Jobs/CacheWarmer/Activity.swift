import JobRuntime
import Postgres
import Redis

/// The most active users of this process's share, the most active first.
struct ActiveUsers: Sendable {
  /// Ids that may be users by their form.
  var ids: [String] = []
  /// What stands in the sorted set and cannot be the id of a user.
  var strangers: [String] = []

  static func read(
    _ settings: CacheWarmer.Settings, _ standing: Standing, _ ranking: Ranking, _ run: JobRun
  ) async throws -> ActiveUsers {
    var users = ActiveUsers()
    switch settings.activity {
    case .database:
      let rows = try await run.read(ranking.active().limited(to: run.timeLeft))
      users.ids = try rows.map { try $0.value("id") }
    case .sortedSet(let key):
      let form = IDForm(standing.userType)
      for id in try await members(of: key, settings, run) {
        if let id, form.isID(id) { users.ids.append(id) } else { users.strangers.append(id ?? "not UTF-8") }
      }
    }
    users.ids.removeAll { !CacheWarmer.Settings.isShare($0, of: run.shard) }
    users.strangers.removeAll { !CacheWarmer.Settings.isShare($0, of: run.shard) }
    return users
  }

  /// The members of the application's sorted set that were seen within `WARM_ACTIVE`; `nil` for one that is not UTF-8.
  private static func members(
    of key: String, _ settings: CacheWarmer.Settings, _ run: JobRun
  ) async throws -> [String?] {
    let answer = try await run.redis { session in
      try session.command(RedisRead(.zrange, key, "-\(settings.users)", "-1", bytes: [Array("WITHSCORES".utf8)]))
    }
    if case .error(let code, let message) = answer { throw RedisError.server(code: code, message: message) }
    let words = answer.elements
    let since = Double((run.scheduledAt - settings.active).microseconds) / 1e6
    let latest = Double((run.scheduledAt + .days(366)).microseconds) / 1e6
    var (members, isLaterThanEver): ([String?], Bool) = ([], false)
    for place in stride(from: words.count - 2, through: 0, by: -2) {
      guard let seen = words[place + 1].text.flatMap(Double.init), seen >= since else { break }
      if seen > latest { isLaterThanEver = true }
      members.append(words[place].text)
    }
    if isLaterThanEver {
      run.log.warning(
        "scores of WARM_ACTIVITY are more than a year ahead; they have to be seconds since 1970, not milliseconds",
        ["key": .string(key)])
    }
    return members
  }
}

/// How ids of a type are written, so that one which is none is found before Postgres refuses all of them.
private enum IDForm {
  case whole(ClosedRange<Int64>), uuid, text

  /// - Parameter type: as Postgres writes it.
  init(_ type: String) {
    self =
      switch type {
      case "smallint": .whole(Int64(Int16.min)...Int64(Int16.max))
      case "integer": .whole(Int64(Int32.min)...Int64(Int32.max))
      case "bigint": .whole(Int64.min...Int64.max)
      case "uuid": .uuid
      default: .text
      }
  }

  /// Whether a text may be an id, written as Postgres writes it.
  func isID(_ text: String) -> Bool {
    switch self {
    case .whole(let range):
      guard let number = Int64(text) else { return false }
      return range.contains(number) && "\(number)" == text
    case .uuid:
      return text.utf8.count == 36
        && text.utf8.enumerated().allSatisfy { place, byte in
          [8, 13, 18, 23].contains(place)
            ? byte == UInt8(ascii: "-") : (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        }
    // No column holds a NUL.
    case .text: return !text.isEmpty && !text.utf8.contains(0)
    }
  }
}
