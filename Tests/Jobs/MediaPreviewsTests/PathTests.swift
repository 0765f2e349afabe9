import Foundation
import Glibc
import TestSupport
import Testing

/// Sources that are not where they should be.
@Suite(.timeLimit(.minutes(10))) struct PathTests {
  @Test func `nothing outside of the folder of sources is opened, whichever way leads there`() async throws {
    let media = try await Media()
    let outside = "\(media.folder.path)/outside"
    try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
    try await Media.film("\(outside)/film.mp4", "\(Media.moving("64x36", seconds: 1)) \(Media.h264)")
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: "\(media.sources)/link.mp4", withDestinationPath: "\(outside)/film.mp4")
    try manager.createSymbolicLink(atPath: "\(media.sources)/folder", withDestinationPath: outside)
    let ways = ["../outside/film.mp4", "\(outside)/film.mp4", "link.mp4", "folder/film.mp4", "./film.mp4", "a//b", ""]
    for (number, way) in ways.enumerated() { try await media.add("\(number)", way) }
    let run = try await media.run()
    #expect(run.exitCode == 0 && run.count("impossible") == ways.count, "\(run.output)\(run.errors)")
    for number in ways.indices {
      let state = try await media.state("\(number)")
      #expect(state == "impossible its path leads out of the folder of sources, or through a link", "\(ways[number])")
    }
    #expect(try media.named() == [])
  }

  @Test func `a link that is put in the place of a source meanwhile is not what ffmpeg reads`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    let outside = "\(media.folder.path)/outside.mp4"
    try await Media.film(outside, "\(Media.moving("128x128", seconds: 1)) \(Media.h264)")
    try await media.add("a", "film.mp4")
    let run = try await media.start(past: "opened the source")
    let path = "\(media.sources)/film.mp4"
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: outside)
    run.letGo()
    _ = await run.process.outcome()
    #expect(try await media.state("a") == "made 64x36")
  }

  @Test func `pipes, folders and devices are no sources, and nobody waits for them`() async throws {
    let media = try await Media()
    #expect(mkfifo("\(media.sources)/pipe", 0o600) == 0)
    try FileManager.default.createDirectory(atPath: "\(media.sources)/folder", withIntermediateDirectories: true)
    for name in ["pipe", "folder"] { try await media.add(name, name) }
    #expect(try await media.run().count("impossible") == 2)
    for name in ["pipe", "folder"] { #expect(try await media.state(name) == "impossible it is not a regular file") }
  }

  @Test func `a source that is not there is a dead letter, which is resolved when it has come`() async throws {
    let media = try await Media()
    try await media.add("a", "later/film.mp4")
    let run = try await media.run()
    #expect(run.exitCode == 65 && run.count("failed") == 1, "\(run.output)")
    #expect(try await media.letters() == ["video/a unreadable pending"])
    try FileManager.default.createDirectory(atPath: "\(media.sources)/later", withIntermediateDirectories: true)
    try await media.smallFilm("later/film.mp4")
    try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    #expect(try await media.run().count("made") == 1)
    #expect(try await media.letters() == ["video/a unreadable resolved"])
  }

  @Test func `a link in the place of a folder of previews leads nowhere`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    #expect(try await media.run().count("made") == 1)
    let folder = "\(media.previews)/\(try await media.target("a").prefix(2))"
    let elsewhere = "\(media.folder.path)/elsewhere"
    try FileManager.default.moveItem(atPath: folder, toPath: elsewhere)
    try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: elsewhere)
    try await media.place.execute("update oneshot.media_previews set source_tag = '2'")
    try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    let run = try await media.run()
    #expect(run.exitCode == 70, "\(run.output)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere).count == 1)
  }
}
