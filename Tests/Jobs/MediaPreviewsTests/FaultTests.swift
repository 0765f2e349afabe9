import Foundation
import Glibc
import JobRuntime
import TestSupport
import Testing

@testable import MediaPreviews

/// Programs, servers, disks and other runs that fail.
@Suite(.timeLimit(.minutes(10))) struct FaultTests {
  @Test func `no words of a source's end the run, and no source is blamed for programs that do not work`() async throws
  {
    let media = try await Media()
    try await media.smallFilm()
    let film = try Data(contentsOf: URL(filePath: "\(media.sources)/film.mp4"))
    for name in ["full", "sandbox", "wordy", "null", "whole"] {
      try media.write(film + Data("<\(name)>".utf8), to: name)
      try await media.add(name, name)
    }
    // What ffmpeg repeats of a source.
    let ffmpeg = try media.script(
      """
      grep -aq '<full>' /dev/fd/3 && { echo 'No space left on device' >&2; exit 1; }
      grep -aq '<sandbox>' /dev/fd/3 && { printf '%9000sunshare: unshare failed: %4068s' '' '' >&2; exit 1; }
      grep -aq '<null>' /dev/fd/3 && { printf 'a\\000b' >&2; exit 1; }
      exec \(Media.ffmpeg) "$@"
      """)
    let ffprobe = try media.script(
      """
      case "$*" in *fd/3*) grep -aq '<wordy>' /dev/fd/3 && exec head -c 300000 /dev/zero;; esac
      exec /usr/bin/ffprobe "$@"
      """)
    let run = try await media.run([], ["PREVIEWS_FFMPEG": ffmpeg, "PREVIEWS_FFPROBE": ffprobe])
    #expect(
      run.exitCode == 65 && run.count("made") == 1 && run.count("impossible") == 3, "\(run.output)\(run.errors)")
    #expect(try await media.letters() == ["video/full bad_result pending"])
    #expect(try await media.state("wordy").hasSuffix("there is more to say of it than of any film"))
    #expect(try await media.state("null") == "impossible ffmpeg cannot read it: a b")
    // An ffmpeg, or an ffprobe, that refuses whatever it is given.
    try await media.add("good", "film.mp4")
    let broken = [
      ["PREVIEWS_FFMPEG": try media.script("echo \"Unknown encoder 'libx264'\" >&2; exit 1")],
      [
        "PREVIEWS_FFPROBE": try media.script(
          "case \"$*\" in *-version*) exit 0;; esac; echo 'Option not found' >&2; exit 1")
      ],
    ]
    for settings in broken {
      let run = try await media.run([], settings)
      #expect(
        run.exitCode == 78 && run.output.contains("known to be good"),
        "\(run.output)\(run.errors)")
      #expect(try await media.state("good") == "pending")
    }
    #expect(try media.unfinished() == [] && media.named().count == 1)
    #expect(try await media.run().count("made") == 1)
  }

  @Test func `an ffmpeg that is killed or crashes is a dead letter, and leaves nothing`() async throws {
    let media = try await Media()
    for (asset, kind, signal) in [("killed", "timed_out", "KILL"), ("crashed", "crashed", "SEGV")] {
      try await media.add(asset, "film.mp4")
      try await media.smallFilm()
      let programs = try media.programs("echo half >preview; kill -\(signal) $$")
      let run = try await media.run([], programs)
      #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
      #expect(try await media.letters().contains("video/\(asset) \(kind) pending"))
    }
    // One that is stopped by somebody else leaves a film that plays, of less than it should.
    try await media.film("long", "\(Media.moving("640x360", seconds: 8, rate: 30)) \(Media.h264) -f mp4")
    try await media.add("stopped", "long")
    let stopped = try media.script(
      """
      \(Media.ffmpeg) "$@" & ffmpeg=$!
      until [ -s preview ]; do :; done
      kill -TERM $ffmpeg; wait $ffmpeg; code=$?
      cp preview "$FOLDER/half.mp4"; exit $code
      """)
    #expect(try await media.run([], ["PREVIEWS_FFMPEG": stopped]).exitCode == 65)
    #expect(try await media.letters().contains("video/stopped crashed pending"))
    let half = try await Binary(path: "/usr/bin/ffprobe").run(
      ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", "\(media.folder.path)/half.mp4"])
    #expect(half.exitCode == 0 && (Double(half.output.dropLast()) ?? 8) < 7.5, "\(half.output)\(half.errors)")
    #expect(try media.unfinished() == [] && media.named() == [])
    try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    #expect(try await media.run().count("made") == 3)
  }

  @Test func `a run that was paused and goes on after its successor changes nothing of what that has made`()
    async throws
  {
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    func change(_ tag: String) async throws {
      try await media.place.execute("update oneshot.media_previews set source_tag = '\(tag)'")
      try await media.place.execute("update oneshot.media_previews set due_at = '2025-11-08T01:00:00Z'")
    }
    // Before it writes its row.
    let first = try await media.start(past: "checked the preview")
    first.process.send(SIGSTOP)
    try await media.place.redis("DEL", Media.lockKey)
    try await change("2")
    #expect(try await media.run().count("made") == 1)
    let made = try await media.target("a")
    first.process.send(SIGCONT)
    first.letGo()
    #expect(await first.process.outcome().exitCode == 75)
    #expect(try await media.target("a") == made && media.named().contains(made))
    #expect(try await media.place.value("select count(*) from oneshot.events") == "1")
    // After it has, and before it removes the preview of the version before, which comes back meanwhile.
    try await change("3")
    let second = try await media.start(past: "recorded the preview")
    second.process.send(SIGSTOP)
    try await media.place.redis("DEL", Media.lockKey)
    try await change("2")
    #expect(try await media.run().count("made") == 1)
    #expect(try await media.target("a") == made)
    second.process.send(SIGCONT)
    second.letGo()
    #expect(await second.process.outcome().exitCode == 75)
    #expect(try media.named().contains(made), "the preview of its row is there")
  }

  @Test func `connections to Postgres that are gone in the middle are made again`() async throws {
    let media = try await Media(["JOB_BACKOFF_MAX": "100ms"])
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    let run = try await media.start(past: "named the preview")
    try await media.place.execute(
      """
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'oneshot' and datname = current_database()
      """)
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0 && outcome.count("made") == 1, "\(outcome.output)")
    #expect(try await media.place.value("select count(*) from oneshot.events") == "1")
  }

  @Test func `a folder of previews that is read-only says so before anything is tried`() async throws {
    guard try await canMountPrivately(for: "a read-only folder") else { return }
    let media = try await Media()
    try await media.smallFilm()
    try await media.add("a", "film.mp4")
    #expect(try await media.run(["--plan"]).exitCode == 0)
    let script = """
      mount --make-rprivate / && mount -t tmpfs -o ro none "$PREVIEWS_TARGET_DIR" && { "$0"; [ $? = 78 ] && "$0" --check; }
      """
    let run = try await Binary(path: "/usr/bin/unshare").run(
      ["-m", "sh", "-c", script, Media.binary.url.path], media.environment())
    #expect(run.exitCode == 78, "\(run.output)\(run.errors)")
    #expect(run.output.contains("Read-only file system") && run.output.contains("is not writable"))
    #expect(try await media.state("a") == "pending")
  }

  // MARK: Rows of the page's table that no source shows

  /// ffmpeg's programs as the job runs them, and without what the job adds.
  private func programs(_ media: Media) throws -> Programs {
    var env = Environment(media.settings)
    return try Programs(MediaPreviews.Settings(from: &env), workingIn: media.folder.path)
  }

  @Test
  func `a list names other files, which a list of protocols alone lets ffprobe open, and a list of formats does not`()
    async throws
  {
    let media = try await Media()
    try await media.film("other.ts", "\(Media.moving("64x36", seconds: 1)) \(Media.h264) -f mpegts")
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:\(media.sources)/other.ts\n#EXT-X-ENDLIST\n"
    try media.write(Data(list.utf8), to: "list")
    let file = try Folder(media.sources).file("list")
    let programs = try programs(media)
    let alone = try await programs.probe(
      ["-protocol_whitelist", "file"] + Probe.arguments + [Programs.source], on: file)
    guard case .well(let output, _) = alone else { throw TestFailure("\(alone)") }
    #expect(Probe(flat: output).picture?.width == 64, "it has read the other file")
    let kept = try await programs.probe(
      Command.input(["mov", "mpegts"]) + Probe.arguments + [Programs.source], on: file)
    guard case .refused(let errors) = kept else { throw TestFailure("\(kept)") }
    #expect(errors.contains("whitelist"))
    try await media.add("list", "list")
    #expect(try await media.run().count("impossible") == 1)
  }

  @Test func `ffmpeg itself refuses more than 40 megapixels, whatever ffprobe says of a source`() async throws {
    let media = try await Media()
    try await media.film("poster", "-f lavfi -i color=s=8000x5002:r=1:d=1 -c:v png -pix_fmt gray -f matroska")
    try await media.add("poster", "poster")
    let small = try media.programs("exec \(Media.ffmpeg) \"$@\"")
    let run = try await media.run([], small)
    #expect(run.exitCode == 0 && run.count("impossible") == 1, "\(run.output)\(run.errors)")
    let state = try await media.state("poster")
    #expect(state.hasPrefix("impossible ") && !state.contains("megapixels"), "\(state)")
    #expect(try media.named() == [])
  }
}
