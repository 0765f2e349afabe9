import Foundation
import Redis
import TestSupport

/// A place with a stream of events, a handler of the test's own that counts what it sees, and the real binary.
struct Drained: JobFixture {
  static let job = "event-drain"

  let place: Place
  let folder: TemporaryFolder
  var more: [String: String] = [:]

  /// What the handler does unless a test writes another: one row for each event that it sees. A bad amount fails.
  static let effect = """
    -- handles: test.*
    insert into effects (id, key, n, amount) select id, key, n, (data ->> 'amount')::integer from events
    """

  init(_ more: [String: String] = [:], on servers: PrivateServers? = nil) async throws {
    (place, folder, self.more) = (try await Place(on: servers), try TemporaryFolder(), more)
    try await place.execute(
      "create table effects (seen bigint generated always as identity, id text, key text, n integer, amount integer)")
    try handler("effect", Self.effect)
  }

  var settings: [String: String] {
    [
      "JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true", "EVENTS_HANDLERS_DIR": folder.path, "EVENTS_CLAIM_IDLE": "0s",
    ].merging(more) { $1 }
  }

  func handler(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
  }

  /// An event as a producer writes it.
  static func event(_ id: Int, type: String = "test.counted", key: Int? = nil, amount: String = "1") -> String {
    #"{"id":"e\#(id)","type":"\#(type)","campaign_id":"c\#(key ?? id % 7)","data":{"amount":\#(amount)}}"#
  }

  func add(_ events: [String], to stream: String = "events:job") async throws {
    try await place.redis(all: events.map { RedisCommand("XADD", stream, "*", "event", $0) })
  }

  func add(_ ids: Range<Int>, to stream: String = "events:job") async throws {
    try await add(ids.map { Self.event($0) }, to: stream)
  }

  /// Writes events as an application does, into the stream or into the table.
  func write(_ ids: Range<Int>, to source: String) async throws {
    guard source == "postgres" else { return try await add(ids) }
    try await place.execute(
      ids.map { "insert into oneshot.events (dedup, event) values ('e\($0)', '\(Self.event($0))');" }.joined())
  }

  /// How many effects there are, and of how many events.
  func effects() async throws -> [String] {
    try await place.rows("select count(*)::text || '/' || count(distinct id) as a from effects")[0]
  }

  func effects(are count: Int) async throws -> Bool { try await effects() == ["\(count)/\(count)"] }

  func pending(_ stream: String = "events:job") async throws -> Int? {
    try await place.redis("XPENDING", stream, "oneshot").elements.first?.integer.map { Int($0) }
  }

  func letters() async throws -> [String] {
    try await place.rows(
      "select error_kind || ' ' || item || ' ' || state as a from oneshot.dead_letters order by 1"
    ).map { $0[0] }
  }
}
