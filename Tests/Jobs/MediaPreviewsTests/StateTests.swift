import Foundation
import Glibc
import TestSupport
import Testing

/// What rows, dead letters, events and files say together.
@Suite(.timeLimit(.minutes(10))) struct StateTests {
  @Test func `what takes too long is tried three times, each time after twice the pause, and a replay starts again`()
    async throws
  {
    let media = try await Media(["PREVIEWS_ITEM_TIMEOUT": "1s"])
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    let slow = try media.programs("exec sleep 600")
    for (attempt, minutes) in zip(1...3, [5, 10, 20]) {
      let run = try await media.run([], slow)
      #expect(
        run.exitCode == 65 && run.count("timed_out") == 1 && run.count("failed") == 0, "\(run.output)\(run.errors)")
      let row = try await media.place.value(
        """
        select concat_ws(' ', state, attempts, extract(epoch from due_at - '\(Media.now)') / 60)
        from oneshot.media_previews
        """)
      #expect(row.hasPrefix("\(attempt < 3 ? "pending" : "failed") \(attempt) \(minutes)"), "\(row)")
      #expect(try await media.run([], slow).count("due") == 0)
      try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    }
    #expect(try await media.letters() == ["video/a timed_out pending"])
    #expect(try await media.run([], slow).count("due") == 0)
    #expect(try media.unfinished() == [])
    try await media.place.askForReplay("media-previews", "video/a")
    #expect(try await media.run([], ["PREVIEWS_ITEM_TIMEOUT": "10m"]).count("made") == 1)
    #expect(try await media.letters() == ["video/a timed_out resolved"])
  }

  @Test func `a source that changes meanwhile keeps its row due, and no file is left of the old one`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    let run = try await media.start(past: "named the preview")
    #expect(try media.named().count == 1)
    try await media.place.execute("update oneshot.media_previews set source_tag = '2', due_at = '2025-11-08T01:00:00Z'")
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(
      outcome.exitCode == 0 && outcome.count("skipped_changed") == 1 && outcome.count("made") == 0, "\(outcome.output)")
    #expect(try media.named() == [])
    #expect(try await media.place.value("select count(*) from oneshot.events") == "0")
    try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    #expect(try await media.run().count("made") == 1)
    let old = try await media.target("a")
    // Another version is due again by its tag alone, and replaces the old preview.
    try await media.place.execute("update oneshot.media_previews set source_tag = '3'")
    #expect(try await media.place.value("select state from oneshot.media_previews") == "pending")
    try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    #expect(try await media.run().count("made") == 1)
    let new = try await media.target("a")
    #expect(new != old)
    #expect(try media.named() == [new])
    // One that cannot have a preview takes the old one with it.
    try media.write(Data(), to: "film.mp4")
    try await media.place.execute("update oneshot.media_previews set source_tag = '4'")
    try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    #expect(try await media.run().count("impossible") == 1)
    #expect(try await media.target("a") == "NULL")
    #expect(try media.named() == [])
  }

  @Test func `each preview that is made is one event, which says where it is`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a/b", "film.mp4")
    #expect(try await media.run().count("made") == 1)
    #expect(try await media.run().count("made") == 0)
    let row = try await media.place.value(
      """
      select concat_ws(' ', e.event ->> 'type', e.event #>> '{data,asset_id}', e.event #>> '{data,target}' = p.target,
        (e.event #>> '{data,bytes}')::bigint = p.bytes, e.event #>> '{data,width}', e.event #>> '{data,source_tag}')
      from oneshot.events as e, oneshot.media_previews as p
      """)
    #expect(row == "media.preview_made a/b t t 64 1")
    let file = "\(media.previews)/\(try await media.target("a/b"))"
    #expect(
      try await media.place.value("select bytes from oneshot.media_previews")
        == "\(try Data(contentsOf: URL(filePath: file)).count)")
  }

  @Test func `several at once and shares of the work make each preview once`() async throws {
    let media = try await Media(["PREVIEWS_PARALLEL": "2", "JOB_SHARD_COUNT": "2"])
    try await media.smallFilm(seconds: 0.3)
    try await media.place.execute(
      """
      insert into oneshot.media_previews (asset_id, kind, source, source_tag, due_at)
      select g::text, 'video', 'film.mp4', '1', '2025-11-08T01:00:00Z' from generate_series(1, 12) g
      """)
    let beside = try Media.binary.start([], media.environment(["JOB_SHARD_INDEX": "1"]))
    let first = try await media.run([], ["JOB_SHARD_INDEX": "0"])
    let second = await beside.outcome()
    let made = [first, second].compactMap { $0.count("made") }
    #expect(made.count == 2 && made.reduce(0, +) == 12 && !made.contains(0), "\(first.output)\(second.output)")
    #expect(try media.named().count == 12)
    #expect(try await media.place.value("select count(*) from oneshot.events") == "12")
  }

  @Test func `a verification makes due what is not there or does not play, and removes what is of no row`() async throws
  {
    let media = try await Media()
    try await media.smallFilm()
    for asset in ["whole", "gone", "broken", "stray"] { try await media.add(asset, "film.mp4") }
    #expect(try await media.run().count("made") == 4)
    func path(_ asset: String) async throws -> String { "\(media.previews)/\(try await media.target(asset))" }
    try FileManager.default.removeItem(atPath: try await path("gone"))
    try Data("no film".utf8).write(to: URL(filePath: try await path("broken")))
    // An older version's, of an hour ago and of now, and somebody else's.
    let target = try await path("stray")
    let old = target.replacing(/[0-9a-f]{8}\.mp4/, with: "00000000.mp4")
    let young = target.replacing(/[0-9a-f]{8}\.mp4/, with: "00000001.mp4")
    let foreign = target.replacing("stray.", with: "foreign.")
    for copy in [old, young, foreign] { try FileManager.default.copyItem(atPath: target, toPath: copy) }
    for copy in [old, foreign, target] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_500_000_000)], ofItemAtPath: copy)
    }
    let run = try await media.run([], ["PREVIEWS_MODE": "verify"])
    #expect(
      run.exitCode == 0 && run.count("missing") == 2 && run.count("removed") == 1 && run.count("due") == 4,
      "\(run.output)\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: old))
    for copy in [young, foreign, target] { #expect(FileManager.default.fileExists(atPath: copy)) }
    #expect(try await media.run().count("made") == 2)
    let again = try await media.run([], ["PREVIEWS_MODE": "verify"])
    #expect(again.count("missing") == 0)
  }

  @Test func `a full disk ends the run, and what was to be made is still due`() async throws {
    let what = "a full disk"
    guard try await canMountPrivately(for: what) else { return }
    let media = try await Media()
    try await media.film("film.mp4", "\(Media.moving("640x360", seconds: 3, rate: 30)) \(Media.h264)")
    for asset in ["a", "b"] { try await media.add(asset, "film.mp4") }
    let script = """
      mount --make-rprivate / && mount -t tmpfs -o size=60k none "$PREVIEWS_TARGET_DIR" && "$0"
      code=$?; find "$PREVIEWS_TARGET_DIR" -type f >&2; exit $code
      """
    let run = try await Binary(path: "/usr/bin/unshare").run(
      ["-m", "sh", "-c", script, Media.binary.url.path], media.environment())
    #expect(run.exitCode == 70 && run.output.contains("no room left"), "\(run.output)\(run.errors)")
    #expect(!run.errors.contains(".mp4"))
    #expect(
      try await media.place.rows("select state || attempts as a from oneshot.media_previews") == [
        ["pending0"], ["pending0"],
      ])
    #expect(try await media.letters() == ["video/a full_disk pending"])
    #expect(try await media.run().count("made") == 2)
    #expect(try await media.letters() == ["video/a full_disk resolved"])
  }

  @Test func `what a killed run has left is swept after an hour`() async throws {
    let media = try await Media()
    for name in ["old", "young"] {
      try FileManager.default.createDirectory(
        atPath: "\(media.previews)/.tmp/\(name)", withIntermediateDirectories: true)
      try Data("half".utf8).write(to: URL(filePath: "\(media.previews)/.tmp/\(name)/preview"))
    }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_500_000_000)], ofItemAtPath: "\(media.previews)/.tmp/old")
    #expect(try await media.run().exitCode == 0)
    #expect(try media.unfinished() == ["young"])
  }

  @Test func `a plan counts and makes nothing`() async throws {
    let media = try await Media()
    try await media.smallFilm()
    for asset in ["a", "b"] { try await media.add(asset, "film.mp4") }
    #expect(try await media.run(["--plan"]).count("due") == 2)
    #expect(try FileManager.default.contentsOfDirectory(atPath: media.previews) == [])
    #expect(try await media.place.value("select count(*) from oneshot.media_previews where state = 'pending'") == "2")
  }
}
