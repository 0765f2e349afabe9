import Foundation
import TestSupport

/// A place with messages, a real mail server, and the real binary that sends them.
struct Outbox {
  let place: Place
  var settings: [String: String]

  init(_ settings: [String: String] = [:]) async throws {
    place = try await Place()
    self.settings = [
      "MAIL_FROM": "Example <hello@example.org>", "MAIL_PLAINTEXT": "true", "MAIL_RATE": "none",
      "MAIL_URL": "smtp://127.0.0.1:9", "DELIVERY_PARALLEL": "1", "JOB_FORCE": "true",
    ].merging(settings) { $1 }
  }

  func environment(_ more: [String: String] = [:]) -> [String: String] {
    place.environment.merging(settings) { $1 }.merging(more) { $1 }
  }

  func run(
    _ server: MailServer? = nil, _ more: [String: String] = [:], arguments: [String] = []
  ) async throws -> Binary.Outcome {
    let relay = server.map { ["MAIL_URL": $0.url] } ?? [:]
    return try await TraitBuild.outbox.run(arguments, environment(relay.merging(more) { $1 }))
  }

  /// Requests mails to user1@example.org and so on.
  func add(_ numbers: ClosedRange<Int> = 1...1, _ columns: [String: String] = [:]) async throws {
    let columns = [
      "dedup_key": "'mail:' || g", "channel": "'email'", "recipient": "'user' || g || '@example.org'",
      "template": "'welcome'", "data": "'{\"name\": \"Ada\"}'",
    ].merging(columns) { $1 }.sorted { $0.key < $1.key }
    try await place.execute(
      """
      insert into oneshot.deliveries (\(columns.map(\.key).joined(separator: ", ")))
      select \(columns.map(\.value).joined(separator: ", "))
      from generate_series(\(numbers.lowerBound), \(numbers.upperBound)) g
      """)
  }

  /// `STATE ATTEMPTS DOUBTS` of each message, in the order of their keys.
  func states() async throws -> [String] {
    try await place.rows(
      "select state || ' ' || attempts || ' ' || doubts as a from oneshot.deliveries order by length(dedup_key), dedup_key"
    ).map { $0[0] }
  }

  func letters() async throws -> [String] {
    try await place.rows("select error_kind || ' ' || state as a from oneshot.dead_letters order by 1").map { $0[0] }
  }

  /// What waits becomes due.
  func makeDue() async throws {
    try await place.execute(
      "update oneshot.deliveries set next_at = now(); update oneshot.delivery_targets set closed_until = now()")
  }
}
