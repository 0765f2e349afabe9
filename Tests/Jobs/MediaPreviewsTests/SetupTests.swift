import Foundation
import TestSupport
import Testing

/// Roles, folders and programs as installations have them.
@Suite(.timeLimit(.minutes(10))) struct SetupTests {
  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    try await media.add("b", "film.mp4", kind: "audio")
    try media.write(Data(), to: "empty")
    try await media.add("c", "empty")
    try await media.add("d", "missing")
    let restricted = try await media.place.restricted("media-previews")
    let check = try await media.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await media.run([], restricted)
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
    // Whoever may send an event must not open the way out.
    let described = try await media.run(["--describe"]).output
    for name in ["PREVIEWS_SANDBOX", "PREVIEWS_PRIVATE"] {
      #expect(described.contains(try Regex("\"name\": ?\"\(name)\"[^{}]*\"event\": ?false")), "\(name)")
    }
    let lacking = try await media.run(["--check"], ["PREVIEWS_FORMATS": "mov,betamax"])
    #expect(lacking.exitCode == 78 && lacking.output.contains("lacks the format betamax"), "\(lacking.output)")
    let missing = try await media.run(
      ["--check"], ["PREVIEWS_FFMPEG": "/nowhere/ffmpeg", "PREVIEWS_TARGET_DIR": "/nowhere"])
    #expect(
      missing.exitCode == 78 && missing.output.contains("no program /nowhere/ffmpeg")
        && missing.output.contains("PREVIEWS_TARGET_DIR"), "\(missing.output)")
    let short = try await media.run(["--check"], ["JOB_TIMEOUT": "5m"])
    #expect(short.exitCode == 78 && short.output.contains("JOB_TIMEOUT leaves no time"), "\(short.output)")
  }

  /// What the kernel answers where they are forbidden, and where there may be none.
  @Test(arguments: ["Operation not permitted", "No space left on device"])
  func `where user namespaces are forbidden, check and run say so, and limits alone is a choice`(answer: String)
    async throws
  {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    let unshare = try media.script("echo 'unshare: unshare failed: \(answer)' >&2; exit 1")
    let folder = "\(media.folder.path)/bin"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: unshare, toPath: "\(folder)/unshare")
    let forbidden = ["PATH": "\(folder):/usr/bin:/bin"]
    for words in [["--check"], []] {
      let refused = try await media.run(words, forbidden)
      #expect(
        refused.exitCode == 78 && refused.output.contains("PREVIEWS_SANDBOX=limits"),
        "\(refused.output)\(refused.errors)")
    }
    #expect(try await media.state("a") == "pending")
    let chosen = try await media.run([], forbidden.merging(["PREVIEWS_SANDBOX": "limits"]) { $1 })
    #expect(chosen.count("made") == 1, "\(chosen.output)\(chosen.errors)")
  }
}
