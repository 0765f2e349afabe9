import JobRuntime
import Synchronization

/// Of which kinds it is known in this run that the programs make previews.
final class Proven: Sendable {
  private let kinds = Mutex<Set<Kind>>([])

  func contains(_ kind: Kind) -> Bool { kinds.withLock { $0.contains(kind) } }

  func insert(_ kind: Kind) { kinds.withLock { _ = $0.insert(kind) } }
}

extension Making {
  /// Has both programs work on a source that is known to be good, before another one is called impossible: with an ffmpeg
  /// that lacks an encoder, or knows other options, all of them would be.
  ///
  /// - Throws: what is wrong with the programs.
  func prove(_ spec: Spec) async throws {
    guard !proven.contains(spec.kind) else { return }
    let source = try await work.onDisk { () throws(SystemError) in
      let file = try work.nameless()
      try file.append(Sample.bytes(spec.kind))
      return try file.readOnly()
    }
    let place = try await workplace()
    defer { clear(place) }
    let command = Command(spec: spec, start: 0, length: Sample.seconds, formats: Sample.formats)
    let probe = try await self.probe(source, formats: Sample.formats)
    try await judge(probe, programs.ffprobe)
    let end = try await programs.run(
      programs.ffmpeg, command.arguments, on: source, in: place.folder.path, within: settings.itemTimeout,
      largestFile: 16 << 20)
    try await judge(end, programs.ffmpeg)
    proven.insert(spec.kind)
  }

  private func judge(_ end: Programs.End, _ program: String) async throws {
    let reason: String
    switch end {
    case .well: return
    case .failed(.timedOut, let message):
      throw JobFailure(
        .internal, message,
        hint: "Check whether this machine is overloaded. The next run does the work.")
    case .failed(_, let message): reason = message
    case .refused(let errors):
      try await checkRoom(errors)
      reason = Programs.lastLine(errors)
    }
    throw JobFailure(
      .misconfigured, "\(program) cannot even work on a source that is known to be good: \(reason)",
      hint: "Install Debian's ffmpeg, or correct PREVIEWS_FFMPEG and PREVIEWS_FFPROBE; --check says what they lack.")
  }
}

/// Sources that any ffmpeg can read.
private enum Sample {
  static let formats = ["gif", "wav"]
  static let seconds = 0.5

  static func bytes(_ kind: Kind) -> [UInt8] { kind == .video ? dot : silence }

  /// A GIF of one pixel.
  private static let dot: [UInt8] =
    Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0] + [0, 0, 0, 0xFF, 0xFF, 0xFF]
    + [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0] + [2, 2, 0x44, 1, 0] + [0x3B]

  /// Half a second of 8,000 samples a second, a byte each.
  private static let silence: [UInt8] = {
    func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(number >> (8 * $0) & 0xFF) } }
    let count: UInt32 = 4000
    return Array("RIFF".utf8) + bytes(count + 36) + Array("WAVEfmt ".utf8) + bytes(16) + [1, 0, 1, 0] + bytes(8000)
      + bytes(8000) + [1, 0, 8, 0] + Array("data".utf8) + bytes(count) + [UInt8](repeating: 128, count: Int(count))
  }()
}
