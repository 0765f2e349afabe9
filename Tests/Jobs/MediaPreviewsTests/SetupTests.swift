import Foundation
import TestSupport
import Testing

/// Roles, folders and programs as installations have them.
@Suite(.timeLimit(.minutes(10))) struct SetupTests {
  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let media = try await Media(["PREVIEWS_ITEM_TIMEOUT": "1s"])
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    try await media.add("b", "film.mp4", kind: "audio")
    try media.write(Data(), to: "empty")
    try await media.add("c", "empty")
    try await media.add("d", "missing")
    let restricted = try await media.place.restricted("media-previews")
    let check = try await media.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await media.run([], restricted.merging(["PREVIEWS_ITEM_TIMEOUT": "60s"]) { $1 })
    #expect(run.exitCode == 65 && run.count("made") == 2 && run.count("impossible") == 1, "\(run.output)\(run.errors)")
    try FileManager.default.removeItem(atPath: "\(media.previews)/\(try await media.target("a"))")
    #expect(try await media.run([], restricted.merging(["PREVIEWS_MODE": "verify"]) { $1 }).count("missing") == 1)
    try await media.place.askForReplay("media-previews", "video/d")
    #expect(try await media.run([], restricted).count("due") == 2)
  }

  @Test func `check runs both programs, says which they are, and what they lack`() async throws {
    let media = try await Media()
    let check = try await media.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    for name in ["ffmpeg", "ffprobe"] {
      #expect(check.result["details", "\(name)_version"].string?.first?.isNumber == true, "\(check.output)")
    }
    let lacking = try await media.run(["--check"], ["PREVIEWS_FORMATS": "mov,betamax"])
    #expect(lacking.exitCode == 78 && lacking.output.contains("lacks the format betamax"), "\(lacking.output)")
    let missing = try await media.run(
      ["--check"], ["PREVIEWS_FFMPEG": "/nowhere/ffmpeg", "PREVIEWS_TARGET_DIR": "/nowhere"])
    #expect(
      missing.exitCode == 78 && missing.output.contains("no program /nowhere/ffmpeg")
        && missing.output.contains("PREVIEWS_TARGET_DIR"), "\(missing.output)")
    let short = try await media.run(["--check"], ["JOB_TIMEOUT": "1m"])
    #expect(short.exitCode == 78 && short.output.contains("JOB_TIMEOUT leaves no time"), "\(short.output)")
  }

  @Test func `where user namespaces are forbidden, check and run say so, and limits alone is a choice`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    // As clusters do, for one process: no user namespace below this one.
    let script = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\""
    func run(_ words: [String], _ more: [String: String]) async throws -> Binary.Outcome {
      try await Binary(path: "/usr/bin/unshare").run(
        ["-Ur", "sh", "-c", script, "sh", Media.binary.url.path] + words, media.environment(more))
    }
    let probe = try await Binary(path: "/usr/bin/unshare").run(["-Ur", "sh", "-c", script, "sh", "true"])
    guard probe.exitCode == 0 else { return skipped("forbidden user namespaces", because: probe.errors) }
    for words in [["--check"], []] {
      let refused = try await run(words, [:])
      #expect(refused.exitCode == 78 && refused.output.contains("PREVIEWS_SANDBOX=limits"), "\(refused.output)")
    }
    #expect(try await media.state("a") == "pending")
    let chosen = try await run([], ["PREVIEWS_SANDBOX": "limits"])
    #expect(chosen.count("made") == 1, "\(chosen.output)\(chosen.errors)")
  }
}
