import Foundation
import TestSupport

/// A ledger of a test's own, the real `job-report` that shows it, and a folder for its page.
struct Reports: JobFixture {
  static let job = "job-report"

  let place: Place
  let folder: TemporaryFolder

  init() async throws {
    place = try await Place()
    folder = try TemporaryFolder()
  }

  var file: String { "\(folder.path)/report.html" }

  var settings: [String: String] { ["REPORT_FILE": file] }

  /// The page as it stands in the folder; empty when there is none.
  func page() -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }

  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

  /// Writes one run into the ledger.
  ///
  /// - Parameters:
  ///   - ago: when it started, as Postgres reads an interval.
  ///   - status: `running` leaves it open.
  func add(
    _ job: String, variant: String = "", shard: Int = 0, ago: String, status: String = "succeeded", kind: String? = nil,
    message: String? = nil, milliseconds: Int = 40, items: Int? = 7, deadline: String = "50 minutes"
  ) async throws {
    let isRunning = status == "running"
    func text(_ text: String?) -> String { text.map { "convert_from('\\x\(Data($0.utf8).hex)', 'UTF8')" } ?? "null" }
    try await place.execute(
      """
      insert into oneshot.job_runs (run_id, job, variant, shard, shard_count, scheduled_at, scheduled_by, forced, status,
        attempt, fence, started_at, finished_at, duration_ms, errors_total, error_kind, error_message, host, version,
        deadline_at, items_processed, behind)
      select gen_random_uuid(), \(text(job)), \(text(variant)), \(shard), 1, at, 'clock', false, '\(status)', 1, 1, at,
        \(isRunning ? "null, null" : "at + interval '\(milliseconds) ms', \(milliseconds)"), 0, \(text(kind)),
        \(text(message)), 'host-1', '0.1.0', at + interval '\(deadline)', \(items.map(String.init) ?? "null"), 0
      from (select now() - interval '\(ago)') as start (at)
      """)
  }

  /// Fills the ledger with so many runs of ten jobs in the last six days, one in fifty of which failed.
  ///
  /// - Parameter shards: of each job; one is none.
  func fill(runs: Int, shards: Int = 1) async throws {
    try await place.execute(
      """
      insert into oneshot.job_runs (run_id, job, variant, shard, shard_count, scheduled_at, scheduled_by, forced, status,
        attempt, fence, started_at, finished_at, duration_ms, errors_total, error_kind, error_message, host, version,
        items_processed, behind)
      select gen_random_uuid(), 'job-' || g % 10, '', g / 10 % \(shards), \(shards), at, 'clock', false,
        case when g % 50 = 7 then 'failed' else 'succeeded' end, 1, g, at, at + interval '1 s', 500 + g % 977, 0,
        case when g % 50 = 7 then 'unavailable' end,
        case when g % 50 = 7 then 'connecting to 10.0.0.' || g % 200 || ': no answer after ' || g || ' ms' end,
        'host-' || g % 3, '0.1.0', g % 1000, 0
      from generate_series(1, \(runs)) g, lateral (select now() - g * (interval '6 days' / \(runs))) as start (at);
      analyze oneshot.job_runs
      """)
  }

  func addDeadLetter(
    _ job: String, item: String, kind: String = "wrong_type", message: String, state: String = "pending"
  ) async throws {
    func text(_ text: String) -> String { "convert_from('\\x\(Data(text.utf8).hex)', 'UTF8')" }
    try await place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state)
      select \(text(job)), sha256(convert_to(item, 'UTF8')), item, '{}', \(text(kind)), \(text(message)), 2,
        now() - interval '3 days', now() - interval '2 hours', gen_random_uuid(), '\(state)'
      from (select \(text(item)) as item) as name
      """)
  }
}

extension Data {
  fileprivate var hex: String { map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}
