import ChildProcess
import Foundation
import Glibc
import JobRuntime
import TestSupport
import Testing

@testable import MediaPreviews

/// What ffmpeg finds around itself, and how its limits end it.
///
/// A script stands in for it where it would say nothing.
@Suite(.timeLimit(.minutes(10))) struct SandboxTests {
  @Test func `it finds no variable of the job, one descriptor, an empty folder and no network`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    let program = try media.script(
      """
      tr '\\0' '\\n' <"/proc/$$/environ" >"$FOLDER/environ"
      ls "/proc/$$/fd" >"$FOLDER/descriptors"
      ls -A >"$FOLDER/neighbours"
      tail -n +3 /proc/net/dev >"$FOLDER/network"
      cat "/proc/$$/status" >"$FOLDER/status"
      exec \(Media.ffmpeg) "$@"
      """)
    let secret = ["PREVIEWS_FFMPEG": program, "AWS_SECRET_ACCESS_KEY": "of-no-concern"]
    let run = try await media.run([], secret)
    #expect(run.count("made") == 1, "\(run.output)\(run.errors)")
    let variables = media.text("environ").split(separator: "\n").map { String($0.prefix { $0 != "=" }) }
    #expect(variables.sorted() == ["HOME", "PATH"])
    // The shell opens its own from 10 on.
    let descriptors = media.text("descriptors").split(separator: "\n").compactMap { Int($0) }.filter { $0 < 10 }
    #expect(descriptors.sorted() == [0, 1, 2, 3])
    #expect(media.text("neighbours") == "")
    let interfaces = media.text("network").split(separator: "\n").map {
      $0.split(separator: ":")[0].filter { $0 != " " }
    }
    #expect(interfaces == ["lo"])
    #expect(media.text("status").contains("NoNewPrivs:\t1"))
    // With limits alone the network is the job's.
    #expect(try await media.run([], ["PREVIEWS_SANDBOX": "limits"]).exitCode == 0)
  }

  @Test func `it ends with the run, however that ends`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    let programs = try media.programs(
      "echo $$ >\"$FOLDER/pid.new\"; mv \"$FOLDER/pid.new\" \"$FOLDER/pid\"; exec sleep 600")
    for signal in [SIGKILL, SIGTERM] {
      try? FileManager.default.removeItem(atPath: "\(media.folder.path)/pid")
      let run = try Media.binary.start([], media.environment(programs))
      try await eventually { !media.text("pid").isEmpty || !run.isRunning }
      let child = try #require(Int32(media.text("pid").dropLast()))
      #expect(kill(child, 0) == 0)
      run.send(signal)
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 128 + signal)
      try await eventually { !FileManager.default.fileExists(atPath: "/proc/\(child)") }
      try await media.endOfKilled()
      #expect(try await media.state("a") == "pending")
      #expect(
        try await media.place.value("select attempts || ' ' || (due_at < '2025-11-08') from oneshot.media_previews")
          == "0 false")
      #expect(try media.named() == [])
    }
    #expect(try await media.run().count("made") == 1)
  }

  /// The programs with these settings.
  private func programs(_ media: Media, _ more: [String: String]) throws -> Programs {
    var env = Environment(media.settings.merging(more) { $1 })
    return try Programs(MediaPreviews.Settings(from: &env), workingIn: media.folder.path)
  }

  private static let long = [
    "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=3600", "-c:v", "libx264", "-f",
    "mp4",
  ]

  @Test func `processor time that is used up counts as time, and a file that grows too large ends it`() async throws {
    let media = try await Media()
    let programs = try programs(media, ["PREVIEWS_ITEM_TIMEOUT": "1s"])
    let time = try await programs.run(
      programs.ffmpeg, Self.long + ["-preset", "ultrafast", "/dev/null"], within: .seconds(3600))
    guard case .failed(.timedOut, let message) = time else { throw TestFailure("\(time)") }
    #expect(message.contains("processor time"))
    let size = try await self.programs(media, [:]).run(
      programs.ffmpeg, Self.long + ["-preset", "ultrafast", "\(media.folder.path)/large.mp4"], within: .seconds(3600),
      largestFile: 60_000)
    #expect(size == .failed(.tooLarge, "the preview is larger than any should be"))
  }

  @Test func `memory that is too little is a dead letter of its kind, and no broken source`() async throws {
    let media = try await Media()
    try await media.film("large", "\(Media.moving("3840x2160", seconds: 0.3)) \(Media.h264) -f mp4")
    try await media.add("a", "large")
    // The loader itself fails.
    let none = try await media.run([], ["PREVIEWS_MEMORY": "100MiB"])
    #expect(none.exitCode == 78 && none.output.contains("PREVIEWS_MEMORY"), "\(none.output)")
    #expect(try await media.state("a") == "pending")
    // Enough for ffprobe to say what it is, and not for pictures of that size.
    let little = try media.script("exec prlimit --as=\(285 << 20) \(Media.ffmpeg) \"$@\"")
    let some = try await media.run([], ["PREVIEWS_FFMPEG": little])
    #expect(some.exitCode == 65, "\(some.output)\(some.errors)")
    #expect(try await media.letters() == ["video/a memory pending"])
    try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    #expect(try await media.run().count("made") == 1)
    #expect(try await media.letters() == ["video/a memory resolved"])
  }
}
