import Foundation
import Glibc
import TestSupport
import Testing

@testable import MediaPreviews

/// Sources and previews at presigned addresses, with the binary of the trait Delivery and a server of objects.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.arePreviewsBuilt)) struct AddressTests {
  /// A film at the server, and nothing else there.
  private func filled(_ more: [String: String] = [:]) async throws -> (Media, ObjectServer, film: Data) {
    let server = try await ObjectServer()
    let media = try await Media(server.settings.merging(more) { $1 })
    try await media.smallFilm()
    let film = try Data(contentsOf: URL(filePath: "\(media.sources)/film.mp4"))
    for name in ["films", "fails-2", "cut", "silent", "moved"] { try server.put(film, at: "/\(name)/a b.mp4") }
    return (media, server, film)
  }

  private func run(_ media: Media, _ more: [String: String] = [:]) async throws -> Binary.Outcome {
    try await TraitBuild.previews.run(
      [], media.environment(["JOB_LOG_LEVEL": "debug", "JOB_LOG_FORMAT": "json"].merging(more) { $1 }))
  }

  /// Whether nothing that signs an address is in what a run says or leaves, but for the row itself.
  private func keepsSecrets(_ media: Media, _ run: Binary.Outcome) async throws -> Bool {
    let left = try await media.place.value(
      """
      select concat_ws(E'\\n', (select string_agg(l::text, ' ') from oneshot.dead_letters l),
        (select string_agg(r::text, ' ') from oneshot.job_runs r), (select string_agg(e::text, ' ') from oneshot.events e),
        (select string_agg(concat_ws(' ', target, reason), ' ') from oneshot.media_previews))
      """)
    return ![run.output, run.errors, left].contains { $0.contains("X-Amz-") || $0.contains("AKIDEXAMPLE") }
  }

  @Test func `a film is fetched from a presigned address, and its preview stored at another`() async throws {
    let (media, server, film) = try await filled()
    try await media.add("here", "film.mp4")
    try await media.add("there", try await server.address("GET", "/films/a b.mp4"))
    try await media.add("song", try await server.address("GET", "/films/a b.mp4"), kind: "audio")
    try await media.upload("there", to: try await server.address("PUT", "/previews/a.mp4", type: "video/mp4"))
    try await media.upload("song", to: try await server.address("PUT", "/previews/a.mp3", type: "audio/mpeg"))
    let run = try await run(media)
    #expect(run.exitCode == 0 && run.count("made") == 3, "\(run.output)\(run.errors)")
    let here = try Data(contentsOf: URL(filePath: "\(media.previews)/\(try await media.target("here"))"))
    #expect(server.object("/previews/a.mp4") == here, "the same film makes the same preview")
    #expect(server.object("/previews/a.mp3")?.isEmpty == false)
    let target = try await media.target("there")
    #expect(target.hasSuffix("/previews/a.mp4") && target.hasPrefix("https://127.0.0.1:"), "\(target)")
    #expect(
      try await media.place.value(
        "select event #>> '{data,target}' from oneshot.events where event #>> '{data,asset_id}' = 'there'") == target)
    #expect(try media.named().count == 1 && media.unfinished() == [])
    #expect(try await keepsSecrets(media, run))
    #expect(server.object("/films/a b.mp4") == film)
    // No mode looks for what only its application can read; that of the folder is looked for.
    for mode in ["verify", "rebuild"] {
      let run = try await self.run(media, ["PREVIEWS_MODE": mode, "PREVIEWS_BOX": "32"])
      #expect(run.exitCode == 0 && run.count("due") == 1, "\(run.output)\(run.errors)")
    }
    // One that goes to the folder from now on.
    try await media.place.execute("update oneshot.media_previews set upload_to = null where asset_id = 'there'")
    #expect(try await self.run(media, Media.byTheClock).count("made") == 1)
    #expect(server.object("/previews/a.mp4") == here, "nothing that was signed allows to remove it")
  }

  @Test func `what the server refuses is a dead letter, and new addresses make the row due at once`() async throws {
    let (media, server, _) = try await filled()
    let good = try await server.address("GET", "/films/a b.mp4")
    let old = try await server.address("GET", "/films/a b.mp4", age: 4000)
    try await media.add("expired", old)
    try await media.add("expired-upload", good)
    try await media.upload("expired-upload", to: try await server.address("PUT", "/previews/b.mp4", age: 4000))
    try await media.add("other-type", good)
    try await media.upload("other-type", to: try await server.address("PUT", "/previews/c.mp4", type: "image/png"))
    try await media.add("other-method", try await server.address("PUT", "/films/a b.mp4"))
    try await media.add("missing", try await server.address("GET", "/films/none.mp4"))
    try await media.add("moved", try await server.address("GET", "/moved/a b.mp4"))
    try await media.add("plain", good.replacing("https:", with: "http:"))
    try await media.add("login", good.replacing("https://", with: "https://me:secret@"))
    try await media.add("no-upload", good)
    try await media.upload("no-upload", to: "ftp://127.0.0.1/")
    // It would not fit into an index, and so end the run.
    let long = String((0..<2000).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" })
    try await media.add(long, good)
    try await media.upload(long, to: try await server.address("PUT", "/previews/d.mp4"))
    let run = try await run(media)
    #expect(
      run.exitCode == 65 && run.count("failed") == 6 && run.count("impossible") == 4, "\(run.output)\(run.errors)")
    #expect(
      try await media.letters() == [
        "video/expired refused pending", "video/expired-upload refused pending", "video/missing unreadable pending",
        "video/moved refused pending", "video/other-method refused pending", "video/other-type refused pending",
      ])
    for (asset, code) in [("expired", "403 (AccessDenied)"), ("other-method", "403 (SignatureDoesNotMatch)")] {
      let state = try await media.state(asset)
      #expect(state.hasPrefix("pending fetching https://") && state.hasSuffix("answered \(code)"), "\(state)")
    }
    #expect(try await media.state("plain") == "impossible its source is no address by https without a login")
    #expect(try await keepsSecrets(media, run) && !run.errors.contains("me:secret"))
    #expect(try server.object("/previews/b.mp4") == nil && media.unfinished() == [])
    // The application signs again.
    try await media.place.execute(
      "update oneshot.media_previews set source = '\(good)' where asset_id in ('expired', 'moved')")
    try await media.upload("expired-upload", to: try await server.address("PUT", "/previews/b.mp4"))
    let second = try await self.run(media, Media.byTheClock)
    #expect(second.count("made") == 3, "\(second.output)\(second.errors)")
    #expect(server.object("/previews/b.mp4") != nil)
    #expect(
      try await media.place.value("select count(*) from oneshot.dead_letters where state = 'resolved'") == "3")
  }

  @Test func `a server that fails is tried again, and half a film is none`() async throws {
    let (media, server, film) = try await filled(["PREVIEWS_TRANSFER_TIMEOUT": "10s"])
    try await media.add("fails", try await server.address("GET", "/fails-2/a b.mp4"))
    try await media.upload("fails", to: try await server.address("PUT", "/fails-1/preview.mp4"))
    try await media.add("cut", try await server.address("GET", "/cut/a b.mp4"))
    let run = try await run(media)
    #expect(run.exitCode == 65 && run.count("made") == 1 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    #expect(server.object("/fails-1/preview.mp4") != nil)
    #expect(server.requests.filter { $0.contains("/fails-2/") }.count == 3)
    #expect(server.requests.filter { $0.contains("/cut/") }.count == 3)
    #expect(try await media.letters() == ["video/cut unreachable pending"])
    #expect(try await keepsSecrets(media, run))
    try await media.add("silent", try await server.address("GET", "/silent/a b.mp4"))
    let silent = try await self.run(media, ["PREVIEWS_TRANSFER_TIMEOUT": "1s", "JOB_ATTEMPTS": "1"])
    #expect(silent.exitCode == 65 && silent.output.contains("Timeout was reached"), "\(silent.output)\(silent.errors)")
    try await media.add("large", try await server.address("GET", "/films/a b.mp4"))
    let large = try await self.run(media, ["PREVIEWS_MAX_SOURCE": "\(film.count - 1)"])
    #expect(large.exitCode == 0, "\(large.output)")
    #expect(try await media.state("large") == "impossible it is larger than PREVIEWS_MAX_SOURCE")
  }

  @Test func `private networks, strangers and a binary without a client get nothing`() async throws {
    let (media, server, _) = try await filled()
    try await media.add("a", try await server.address("GET", "/films/a b.mp4"))
    let plain = try await media.run()
    #expect(plain.exitCode == 65 && plain.output.contains("built with the trait Delivery"), "\(plain.output)")
    #expect(try await media.letters() == ["video/a without_client pending"])
    let short = try await run(media, ["JOB_TIMEOUT": "930s", "JOB_SCHEDULED_AT": "2025-11-08T03:00:00Z"])
    #expect(short.exitCode == 78 && short.output.contains("PREVIEWS_TRANSFER_TIMEOUT"), "\(short.output)")
    func again() async throws {
      try await media.place.execute(
        "update oneshot.media_previews set state = 'pending', attempts = 0, due_at = '2025-11-08T01:00:00Z'")
    }
    try await again()
    let private_ = try await run(media, ["PREVIEWS_PRIVATE": "false"])
    #expect(
      private_.exitCode == 65 && private_.output.contains("PREVIEWS_PRIVATE does not allow that"), "\(private_.output)")
    try await again()
    let stranger = try await run(media, ["PREVIEWS_CA_FILE": "/etc/ssl/certs/ca-certificates.crt"])
    #expect(stranger.exitCode == 65 && stranger.output.contains("certificate"), "\(stranger.output)")
    try await again()
    let none = try await run(media, ["PREVIEWS_CA_FILE": "/nowhere.pem"])
    #expect(none.exitCode == 78 && none.output.contains("PREVIEWS_CA_FILE"), "\(none.output)")
    #expect(server.requests == [])
    #expect(try await media.letters() == ["video/a unreachable pending"])
    #expect(try await keepsSecrets(media, none))
  }

  @Test(arguments: ["opened the source", "ffmpeg has ended", "checked the preview", "stored the preview"])
  func `killed at each step, the next run stores the same preview, and nothing is left of the source`(step: String)
    async throws
  {
    let (media, server, _) = try await filled()
    try await media.add("a", try await server.address("GET", "/films/a b.mp4"))
    try await media.upload("a", to: try await server.address("PUT", "/previews/a.mp4"))
    try await media.kill(SteppedRun(TraitBuild.previews, media.environment(), past: step))
    #expect(try await media.state("a") == "pending")
    let stored = server.object("/previews/a.mp4")
    #expect((stored != nil) == (step != "opened the source"))
    let left = try media.unfinished().flatMap {
      try FileManager.default.contentsOfDirectory(atPath: "\(media.previews)/.tmp/\($0)")
    }
    #expect(left.allSatisfy { $0 == "preview" }, "\(left)")
    #expect(try await run(media).count("made") == 1)
    #expect(stored == nil || server.object("/previews/a.mp4") == stored)
    #expect(try await media.place.value("select count(*) from oneshot.events") == "1")
  }

  @Test func `a disk that has no room for a source ends the run`() async throws {
    guard try await canMountPrivately(for: "a full disk while fetching") else { return }
    let (media, server, _) = try await filled()
    try server.put(Data(count: 300_000), at: "/films/large")
    try await media.add("a", try await server.address("GET", "/films/large"))
    let script = "mount --make-rprivate / && mount -t tmpfs -o size=60k none \"$PREVIEWS_TARGET_DIR\" && \"$0\""
    let run = try await Binary(path: "/usr/bin/unshare").run(
      ["-m", "sh", "-c", script, TraitBuild.previews.url.path], media.environment())
    #expect(run.exitCode == 70 && run.output.contains("no room left"), "\(run.output)\(run.errors)")
    #expect(try await media.letters() == ["video/a full_disk pending"])
    #expect(try await media.state("a") == "pending")
  }

  @Test func `of an answer only the name of the error is shown`() {
    for (body, code) in [
      ("<Error><Code>ExpiredToken</Code><Token>x</Token></Error>", "ExpiredToken"), ("<Code></Code>", nil),
      ("<Code>a b</Code>", nil), ("<Code>\(String(repeating: "a", count: 65))</Code>", nil), ("Denied", nil),
    ] { #expect(Transfers.code(Array(body.utf8)) == code) }
  }
}
