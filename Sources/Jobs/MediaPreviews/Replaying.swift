import JobRuntime
import Postgres

/// A replay makes a row due again, with all of its tries, whatever share it is of.
extension MediaPreviews: Replayable {
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let again = try Self.again(letters.map(\.item), at: run.scheduledAt)
    try await run.transaction { tx in try tx.execute(again) }
    return letters.map { _ in .done }
  }

  /// - Parameter items: as `Item.name`.
  static func again(_ items: [String], at moment: Timestamp) throws -> Statement {
    let names = items.compactMap { item -> (kind: String, asset: String)? in
      Kind.allCases.first { item.utf8.starts(with: "\($0.rawValue)/".utf8) }.map {
        ($0.rawValue, String(decoding: item.utf8.dropFirst($0.rawValue.utf8.count + 1), as: UTF8.self))
      }
    }
    return try Statement(
      file: "again.sql", PackageResources.again_sql,
      binding: ["asset_ids": names.map(\.asset), "kinds": names.map(\.kind), "moment": moment])
  }
}
