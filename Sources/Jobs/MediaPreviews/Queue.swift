import JobRuntime
import Postgres

/// The rows of `oneshot.media_previews`, a page at a time, each at most once in a run.
struct Queue: Sendable {
  let settings: MediaPreviews.Settings
  let moment: Timestamp
  let shard: Shard

  /// The last row of a page.
  struct Place: Sendable {
    var dueAt: String
    var asset: String
    var kind: String

    static let start: Place? = Place(dueAt: "-infinity", asset: "", kind: "")
  }

  static let pageSize = 500

  /// - Returns: where the next page begins; `nil` behind the last one.
  func next(_ items: [Item]) -> Place? {
    guard items.count == Self.pageSize, let last = items.last else { return nil }
    return Place(dueAt: last.dueAt, asset: last.asset, kind: last.kind.rawValue)
  }

  func page(_ mode: MediaPreviews.Mode, after place: Place, _ run: JobRun) async throws -> [Item] {
    let statement = try mode == .pending ? due(after: place) : made(after: place, isAll: mode == .verify)
    return try await run.read(statement.limited(to: run.timeLeft)).map { try Item($0) }
  }

  func due(after place: Place) throws -> Statement {
    try filled("due.sql", PackageResources.due_sql)
      .binding([
        "moment": moment, "due_at": place.dueAt, "asset_id": place.asset, "kind": place.kind, "limit": Self.pageSize,
      ]).statement()
  }

  func made(after place: Place, isAll: Bool) throws -> Statement {
    try filled("made.sql", PackageResources.made_sql)
      .binding([
        "asset_id": place.asset, "kind": place.kind, "is_all": isAll, "video_spec": settings.video.text,
        "audio_spec": settings.audio.text, "limit": Self.pageSize,
      ]).statement()
  }

  /// How many rows are due.
  func left() throws -> Statement {
    try filled("left.sql", PackageResources.left_sql).binding(["moment": moment]).statement()
  }

  /// The previews that some assets should have.
  func known(_ assets: [String]) throws -> Statement {
    try filled("known.sql", PackageResources.known_sql).binding(["asset_ids": assets]).statement()
  }

  private func filled(_ name: String, _ text: [UInt8]) -> SQLFragment {
    SQLFragment(name, text).filling([
      "own": SQLFragment("own.sql", PackageResources.own_sql, ["shard": shard.index, "shards": shard.count])
    ])
  }
}
