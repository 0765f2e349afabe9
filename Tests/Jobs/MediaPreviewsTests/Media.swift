import Foundation
import TestSupport

/// A place with uploads that the tests make with ffmpeg itself, and the real binary that makes previews of them.
struct Media: JobFixture {
  static let job = "media-previews"
  static let ffmpeg = "/usr/bin/ffmpeg"

  let place: Place
  let folder: TemporaryFolder
  var more: [String: String] = [:]

  init(_ more: [String: String] = [:]) async throws {
    (place, folder, self.more) = (try await Place(), try TemporaryFolder(), more)
    for name in [sources, previews] {
      try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
    }
  }

  var sources: String { "\(folder.path)/sources" }
  var previews: String { "\(folder.path)/previews" }

  var settings: [String: String] {
    [
      "JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true", "PREVIEWS_SOURCE_DIR": sources,
      "PREVIEWS_TARGET_DIR": previews,
      // On a machine that is busy with other tests.
      "PREVIEWS_ITEM_TIMEOUT": "10m",
    ].merging(more) { $1 }
  }

  // MARK: Sources

  /// Makes a file below the sources.
  ///
  /// - Parameter options: ffmpeg's, in words, without the file's name.
  func film(_ name: String, _ options: String) async throws {
    try await Self.film("\(sources)/\(name)", options)
  }

  static func film(_ path: String, _ options: String) async throws {
    let words = ["-nostdin", "-v", "error", "-y"] + options.split(separator: " ").map(String.init) + ["file:\(path)"]
    let made = try await Binary(path: ffmpeg).run(words)
    guard made.exitCode == 0 else { throw TestFailure("ffmpeg did not make \(path): \(made.errors)") }
  }

  /// Options for a moving picture, and a tone.
  static func moving(_ size: String, seconds: Double, rate: Int = 10) -> String {
    "-f lavfi -i testsrc2=s=\(size):r=\(rate):d=\(seconds)"
  }
  static func tone(seconds: Double) -> String { "-f lavfi -i sine=d=\(seconds)" }
  static let h264 = "-c:v libx264 -preset ultrafast"

  /// A small film with sound.
  func smallFilm(_ name: String = "film.mp4", seconds: Double = 1) async throws {
    try await film(
      name,
      "\(Self.moving("64x36", seconds: seconds)) \(Self.tone(seconds: seconds)) \(Self.h264) -c:a aac -movflags +faststart -f mp4"
    )
  }

  func write(_ bytes: Data, to name: String) throws { try bytes.write(to: URL(filePath: "\(sources)/\(name)")) }

  /// Makes a copy that ends in the middle.
  func cut(_ name: String, to share: Double, as copy: String) throws {
    let whole = try Data(contentsOf: URL(filePath: "\(sources)/\(name)"))
    try write(whole.prefix(Int(Double(whole.count) * share)), to: copy)
  }

  // MARK: The table

  /// Adds rows that are due.
  func add(_ asset: String, _ source: String, kind: String = "video", tag: String = "1") async throws {
    let values = [asset, kind, source, tag].map { "'\($0.replacing("'", with: "''"))'" }.joined(separator: ", ")
    try await place.execute(
      """
      insert into oneshot.media_previews (asset_id, kind, source, source_tag, due_at)
      values (\(values), '2025-11-08T01:00:00Z')
      """)
  }

  /// Has the preview of a row stored at an address.
  func upload(_ asset: String, to address: String) async throws {
    try await place.execute(
      """
      update oneshot.media_previews set upload_to = '\(address)' where asset_id = '\(asset)';
      update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z' where asset_id = '\(asset)'
      """)
  }

  /// The settings of a run by the clock, for which everything is due that has changed.
  static let byTheClock = ["JOB_SCHEDULED_AT": ""]

  /// `STATE WIDTHxHEIGHT`, with `damaged`, or with the reason.
  func state(_ asset: String) async throws -> String {
    try await place.value(
      """
      select concat_ws(' ', state, width || 'x' || height, case when is_damaged then 'damaged' end, reason)
      from oneshot.media_previews where asset_id = '\(asset)'
      """)
  }

  func target(_ asset: String) async throws -> String {
    try await place.value("select target from oneshot.media_previews where asset_id = '\(asset)'")
  }

  /// `ITEM KIND STATE`.
  func letters() async throws -> [String] {
    try await place.rows(
      "select item || ' ' || error_kind || ' ' || state as a from oneshot.dead_letters order by item"
    ).map { $0[0] }
  }

  // MARK: Previews

  /// All files below the folder of previews, with names that somebody may be shown.
  func named() throws -> [String] {
    (FileManager.default.enumerator(atPath: previews)?.allObjects as? [String] ?? [])
      .filter { !$0.hasPrefix(".tmp") && $0.contains("/") }.sorted()
  }

  /// What is left of unfinished work.
  func unfinished() throws -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: "\(previews)/.tmp")) ?? []
  }

  /// What ffprobe says of a preview: one line for each value.
  func probe(_ asset: String, _ entries: String, _ options: [String] = []) async throws -> [String] {
    let path = "\(previews)/\(try await target(asset))"
    let said = try await Binary(path: "/usr/bin/ffprobe").run(
      ["-v", "error"] + options + ["-show_entries", entries, "-of", "default=nw=1:nk=1", path])
    return said.output.split(separator: "\n").map(String.init)
  }

  // MARK: A program instead of ffmpeg

  /// Writes a script that stands in for ffmpeg, and returns its path.
  ///
  /// It finds the folder of the test as `$FOLDER`.
  func script(_ lines: String) throws -> String {
    let path = "\(folder.path)/ffmpeg-\(UUID())"
    try Data("#!/bin/sh\nFOLDER=\(folder.path)\n\(lines)\n".utf8).write(to: URL(filePath: path))
    guard chmod(path, 0o755) == 0 else { throw TestFailure("chmod \(path)") }
    return path
  }

  /// Settings of programs that answer at once: an ffprobe that finds a film, and a script instead of ffmpeg.
  func programs(_ lines: String) throws -> [String: String] {
    let film = """
      streams.stream.0.codec_type="video"
      streams.stream.0.width=64
      streams.stream.0.height=36
      format.duration="1"
      """
    try Data(film.utf8).write(to: URL(filePath: "\(folder.path)/film.flat"))
    return ["PREVIEWS_FFMPEG": try script(lines), "PREVIEWS_FFPROBE": try script("exec cat \"$FOLDER/film.flat\"")]
  }

  func text(_ name: String) -> String {
    (try? String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)) ?? ""
  }
}
