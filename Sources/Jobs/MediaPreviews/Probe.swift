import JobRuntime

/// What ffprobe says of a film or a sound file.
struct Probe: Sendable, Equatable {
  struct Picture: Sendable, Equatable {
    var width: Int
    var height: Int
    var codec: String
  }

  /// In seconds; `nil` where the file does not say.
  var length: Double?
  /// The first stream of pictures that is no cover.
  var picture: Picture?
  var pictures = 0
  /// The codec of the first stream of sound.
  var sound: String?
  var sounds = 0

  static let arguments = [
    "-hide_banner", "-v", "error", "-show_entries",
    "format=duration:stream=index,codec_type,codec_name,width,height:stream_disposition=attached_pic", "-of", "flat",
  ]

  /// Reads ffprobe's flat form: `streams.stream.0.width=640`.
  ///
  /// It holds only what was requested, and no text of a user.
  init(flat text: String) {
    var streams: [Int: [Substring: Substring]] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = parts[1].dropFirst(parts[1].hasPrefix("\"") ? 1 : 0).dropLast(parts[1].hasSuffix("\"") ? 1 : 0)
      let path = parts[0].split(separator: ".")
      if path == ["format", "duration"] {
        // Nothing lasts longer than three years.
        length = Double(value).flatMap { (0...1e8).contains($0) ? $0 : nil }
      } else if path.count >= 4, path[..<2] == ["streams", "stream"], let number = Int(path[2]) {
        streams[number, default: [:]][path[path.count - 1]] = value
      }
    }
    for (_, facts) in streams.sorted(by: { $0.key < $1.key }) {
      let codec = facts["codec_name"].map(String.init) ?? "unknown"
      switch facts["codec_type"] {
      case "video" where facts["attached_pic"] != "1":
        pictures += 1
        guard picture == nil else { continue }
        picture = Picture(
          width: facts["width"].flatMap { Int($0) } ?? 0, height: facts["height"].flatMap { Int($0) } ?? 0, codec: codec
        )
      case "audio":
        sounds += 1
        if sound == nil { sound = codec }
      default: continue
      }
    }
  }
}
