/// ffmpeg's command line for one preview.
struct Command: Sendable {
  var spec: Spec
  /// In seconds.
  var start: Double
  /// How long the preview is going to be, in seconds.
  var length: Double
  var formats: [String]

  /// The most pixels that a picture may have.
  static let mostPixels = 40_000_000
  static let output = "preview"

  /// Keeps a program to the one source, and to demuxers that read nothing else.
  static func input(_ formats: [String]) -> [String] {
    ["-protocol_whitelist", "file", "-format_whitelist", formats.joined(separator: ",")]
  }

  var arguments: [String] {
    let begin = ["-nostdin", "-hide_banner", "-nostats", "-v", "error"] + Self.input(formats)
    let reading = ["-max_pixels", "\(Self.mostPixels)", "-threads", "1", "-filter_threads", "1"]
    let place = (start > 0 ? ["-ss", Self.text(start)] : []) + ["-t", "\(spec.seconds)", "-i", Programs.source]
    // A preview must not say where the film was made, or what it is called.
    let plain = ["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-threads", "1"]
    return begin + reading + place + streams + plain + ["-f", spec.kind.ending, "file:\(Self.output)"]
  }

  private var streams: [String] {
    switch spec.kind {
    case .video:
      return [
        "-map", "0:V:0", "-map", "0:a:0?", "-vf", "\(scale),setsar=1,fps=30,format=yuv420p", "-c:v", "libx264",
        "-preset", "veryfast", "-crf", "28", "-c:a", "aac", "-b:a", "96k", "-ac", "2", "-movflags", "+faststart",
      ]
    case .audio:
      let fade = min(2, length)
      return [
        "-vn", "-map", "0:a:0", "-af", "afade=t=out:st=\(Self.text(length - fade)):d=\(Self.text(fade))", "-c:a",
        "libmp3lame", "-b:a", "96k", "-ac", "2", "-ar", "44100",
      ]
    }
  }

  /// Fits the picture into the box, as it looks on a screen, and never makes it larger.
  ///
  /// H.264 wants sides that are even.
  private var scale: String {
    let (width, longest) = ("iw*sar", "max(iw*sar,ih)")
    func side(_ side: String) -> String {
      "max(2,2*trunc((if(gt(\(longest),\(spec.box)),\(side)*\(spec.box)/\(longest),\(side))+0.01)/2))"
    }
    return "scale=w='\(side(width))':h='\(side("ih"))'"
  }

  /// A time with milliseconds.
  private static func text(_ seconds: Double) -> String {
    let milliseconds = Int((seconds * 1000).rounded())
    let rest = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}
