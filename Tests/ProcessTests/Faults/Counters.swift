import JobRuntime
import Redis
import TestSupport
import Testing

/// Usage counters of two days in a place, the rows that have to stand in Postgres because of them, and the
/// runs between the two.
struct Counters {
  static let lockKey = "oneshot:lock:usage-aggregation"

  let place: Place
  /// `merchant:day:metric` to value: the model that every test compares with.
  private(set) var values: [String: Int]

  init(_ count: Int = 2000, on servers: PrivateServers? = nil) async throws {
    place = try await Place(on: servers)
    values = Dictionary(
      uniqueKeysWithValues: (0..<count).map { ("m\($0 / 10):2025-11-0\(6 + $0 % 2):k\($0 % 10)", $0 * 7) })
    try await put()
  }

  /// Writes them to Redis: at first, and again after it has lost them.
  func put() async throws {
    try await place.redis(all: values.map { RedisCommand("SET", "usage:\($0.key)", "\($0.value)") })
  }

  mutating func change(_ key: String, to value: Int) async throws {
    values[key] = value
    try await place.redis("SET", "usage:\(key)", "\(value)")
  }

  /// The settings of a run for these days that tries again at once, and oftener than by default: on a busy machine a connection may
  /// take longer than a run waits for it.
  func settings(
    postgres: Proxy? = nil, redis: Proxy? = nil, _ more: [String: String] = [:]
  ) -> [String: String] {
    place.environment(postgres: postgres, redis: redis)
      .merging(["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z", "JOB_BACKOFF_MAX": "10ms", "JOB_ATTEMPTS": "6"]) { $1 }
      .merging(more) { $1 }
  }

  func start(
    postgres: Proxy? = nil, redis: Proxy? = nil, _ more: [String: String] = [:]
  ) throws -> Binary.Running {
    try Binary("usage-aggregation").start([], settings(postgres: postgres, redis: redis, more))
  }

  func run(
    postgres: Proxy? = nil, redis: Proxy? = nil, _ more: [String: String] = [:]
  ) async throws -> Binary.Outcome {
    try await start(postgres: postgres, redis: redis, more).outcome()
  }

  /// What is stored and should not be, or the other way round.
  func difference() async throws -> [String] {
    let stored = try await place.value(
      """
      select coalesce(string_agg(
        merchant_id || ':' || usage_date || ':' || metric_type || '=' || value, E'\\n'), '') from merchant_usage
      """)
    let model = values.map { "\($0.key)=\($0.value)" }
    return Set(stored.split(separator: "\n").map(String.init)).symmetricDifference(model).sorted()
  }

  /// The data are those of one undisturbed run.
  func expectRight(_ comment: Comment? = nil, at location: SourceLocation = #_sourceLocation) async throws {
    let difference = try await difference()
    #expect(difference.prefix(5) == [], comment, sourceLocation: location)
  }

  /// How the runs ended, the oldest first: `succeeded`, `failed lock_lost` and so on.
  func ledger() async throws -> [String] {
    try await place.rows(
      "select concat_ws(' ', status, error_kind) as s from oneshot.job_runs order by fence"
    ).flatMap { $0 }
  }

  /// Changes with every row that is written or deleted, even when its values stay.
  func fingerprint() async throws -> String {
    try await place.value(
      """
      select md5(string_agg(line, '' order by line)) from (
        select concat(xmin, t.*) as line from merchant_usage t
        union all select concat(xmin, d.*) from oneshot.usage_days d) lines
      """)
  }
}
