import Foundation
import Redis

/// A place with a stream of events, a handler of the test's that counts what it sees, and the real binary.
package struct Drained: JobFixture {
  package static let job = "event-drain"

  package let place: Place
  package let folder: TemporaryFolder
  package var more: [String: String] = [:]

  /// What the handler does unless a test writes another: one row for each event that it sees.
  ///
  /// A bad amount fails.
  package static let effect = """
    -- handles: test.*
    insert into effects (id, key, n, amount) select id, key, n, (data ->> 'amount')::integer from events
    """

  package init(_ more: [String: String] = [:], on servers: PrivateServers? = nil) async throws {
    try await self.init(more, in: Place(on: servers))
  }

  package init(_ more: [String: String] = [:], in place: Place) async throws {
    (self.place, folder, self.more) = (place, try TemporaryFolder(), more)
    try await place.execute(
      "create table effects (seen bigint generated always as identity, id text, key text, n integer, amount integer)")
    try handler("effect", Self.effect)
  }

  package var settings: [String: String] {
    [
      "JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true", "EVENTS_HANDLERS_DIR": folder.path, "EVENTS_CLAIM_IDLE": "0s",
    ].merging(more) { $1 }
  }

  package func handler(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
  }

  // MARK: Events

  /// An event as a producer writes it.
  package static func event(_ id: Int, type: String = "test.counted", key: Int? = nil, amount: String = "1") -> String {
    #"{"id":"e\#(id)","type":"\#(type)","campaign_id":"c\#(key ?? id % 7)","data":{"amount":\#(amount)}}"#
  }

  /// What happens on a feed.
  package static func happening(_ id: Int, _ verb: String, on feed: Int, of author: Int) -> String {
    #"{"id":"e\#(id)","type":"feed.\#(verb)","data":{"feed_id":\#(feed),"author_id":\#(author)}}"#
  }

  package func add(_ events: [String], to stream: String = "events:job") async throws {
    try await place.redis(all: events.map { RedisCommand("XADD", stream, "*", "event", $0) })
  }

  package func add(_ ids: Range<Int>, to stream: String = "events:job") async throws {
    try await add(ids.map { Self.event($0) }, to: stream)
  }

  /// Writes events as an application does, into the stream or into the table.
  package func write(_ events: [String], to source: String) async throws {
    guard source == "postgres" else { return try await add(events) }
    try await place.execute(events.map { "insert into oneshot.events (event) values ('\($0)');" }.joined())
  }

  package func write(_ ids: Range<Int>, to source: String) async throws {
    try await write(ids.map { Self.event($0) }, to: source)
  }

  // MARK: What became of them

  /// How many effects there are, and of how many events.
  package func effects() async throws -> [String] {
    try await place.rows("select count(*)::text || '/' || count(distinct id) as a from effects")[0]
  }

  package func effects(are count: Int) async throws -> Bool { try await effects() == ["\(count)/\(count)"] }

  package func pending(_ stream: String = "events:job") async throws -> Int? {
    try await place.redis("XPENDING", stream, "oneshot").elements.first?.integer.map { Int($0) }
  }

  package func letters() async throws -> [String] {
    try await place.rows(
      "select error_kind || ' ' || item || ' ' || state as a from oneshot.dead_letters where job = '\(Self.job)' order by 1"
    ).map { $0[0] }
  }

  /// The live boards, each line `board member score`.
  package func boards() async throws -> [String] {
    var lines: [String] = []
    for key in try await place.redis("KEYS", "live:*").elements.compactMap(\.text) {
      let answer = try await place.redis("ZRANGE", key, "0", "-1", "WITHSCORES").elements.compactMap(\.text)
      for place in stride(from: 0, to: answer.count - 1, by: 2) {
        lines.append("\(key.dropFirst("live:".count)) \(answer[place]) \(answer[place + 1])")
      }
    }
    return lines.sorted()
  }
}
