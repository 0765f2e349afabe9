import JobRuntime
import Postgres

/// A row of `oneshot.media_previews` that a run works on.
struct Item: Sendable {
  var asset: String
  var kind: Kind
  var source: Source
  var destination: Destination
  /// The version of the source.
  var tag: String
  /// The preview that there is, of an older version, or of another spec: below the folder of previews, or an address.
  var target: String?
  /// As Postgres writes it.
  var dueAt: String

  init(_ row: Row) throws {
    let word: String = try row.value("kind")
    guard let kind = Kind(rawValue: word) else {
      throw JobFailure(.internal, "oneshot.media_previews.kind is «\(word)»", hint: "Only video and audio are allowed.")
    }
    self.kind = kind
    asset = try row.value("asset_id")
    source = Source(try row.value("source"))
    destination = Destination(try row.optional("upload_to"))
    tag = try row.value("source_tag")
    target = try row.optional("target")
    dueAt = try row.value("due_at")
  }

  /// What dead letters call it.
  var name: String { "\(kind.rawValue)/\(asset)" }

  /// How often it uses the network.
  var transfers: Int {
    let fetches = if case .address = source { true } else { false }
    let stores = if case .address = destination { true } else { false }
    return (fetches ? 1 : 0) + (stores ? 1 : 0)
  }

  /// The values that name its row, as the run has read it.
  var key: [String: any PostgresEncodable] { ["asset_id": asset, "kind": kind.rawValue, "source_tag": tag] }
}

/// A preview that has its name.
struct Preview: Sendable, Equatable {
  /// Below the folder of previews, or an address without what signs it.
  var target: String
  var bytes: Int
  /// In pixels; of sound `nil`.
  var width: Int?
  var height: Int?
  var milliseconds: Int
  /// Whether it is shorter than it should be, or lacks the sound: the source is cut off, or broken in the middle.
  var isDamaged: Bool
}

/// Why there is no preview.
enum Unmade: Error, Sendable, Equatable {
  /// The source is such that there cannot be one.
  case impossible(String)
  case failed(LetterKind, String)
  case fullDisk
}
