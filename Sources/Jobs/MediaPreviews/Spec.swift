import JobRuntime

/// What a preview is of.
enum Kind: String, CaseIterable, Sendable {
  case video, audio

  /// Of its file.
  var ending: String { self == .video ? "mp4" : "mp3" }
}

/// Where in a film a preview begins.
enum Beginning: Sendable, Equatable {
  case after(Duration)
  /// Of the length.
  case percent(Double)

  /// Where in the film the preview begins, in seconds.
  ///
  /// It is 0 for a film that ends before the preview would.
  ///
  /// - Parameter length: in seconds; `nil` where it is unknown.
  func seconds(in length: Double?, for wanted: Double) -> Double {
    switch self {
    case .after(let start):
      let start = Double(start.inMilliseconds) / 1000
      return length.map { start + wanted <= $0 ? start : 0 } ?? 0
    case .percent(let share):
      guard let length else { return 0 }
      let start = length * share / 100
      return start + wanted <= length ? start : 0
    }
  }
}

/// What previews of a kind are like.
///
/// Another spec makes another file.
struct Spec: Sendable, Equatable {
  var kind: Kind
  /// The longest that it lasts.
  var seconds: Int
  var from: Beginning
  var fromText: String
  /// The longest side of the picture.
  var box: Int

  /// The spec as text, as it stands in the table.
  ///
  /// The last number is raised with each change of the command line that shows.
  var text: String {
    let common = "\(kind.ending) seconds=\(seconds) from=\(fromText)"
    return (kind == .video ? "\(common) box=\(box)" : common) + " v1"
  }

  /// Where the preview of one version of a source is, below the folder of previews; `nil` where the id is too long for
  /// the name of a file.
  ///
  /// The name has a digest of spec and version: two of them never have the same name, so that a run that is late
  /// replaces no newer preview by an older one.
  func target(of asset: String, tag: String) -> String? {
    let name = Self.fileName(of: asset)
    guard name.utf8.count <= 200 else { return nil }
    let folder = Self.hex(Self.digest(asset) & 0xFF, digits: 2)
    let version = Self.hex(Self.digest("\(text)\n\(tag)") & 0xFFFF_FFFF, digits: 8)
    return "\(folder)/\(name).\(kind.rawValue).\(version).\(kind.ending)"
  }

  /// An id as part of a file's name: what is no letter, digit, - or _ stands as %XX.
  static func fileName(of asset: String) -> String {
    var name = ""
    for byte in asset.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"):
        name.unicodeScalars.append(Unicode.Scalar(byte))
      default: name += "%" + hex(UInt64(byte), digits: 2)
      }
    }
    return name
  }

  private static func digest(_ text: String) -> UInt64 {
    var text = text
    return text.withUTF8 { FNV1a.digest(UnsafeRawBufferPointer($0)) }
  }

  private static func hex(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: digits - text.count) + text
  }
}
