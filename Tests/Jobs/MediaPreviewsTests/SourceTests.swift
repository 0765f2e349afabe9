import Foundation
import TestSupport
import Testing

/// What becomes of which source: each row of the table in docs/jobs/media-previews.md, with files that ffmpeg makes here.
@Suite(.timeLimit(.minutes(10))) struct SourceTests {
  @Test func `pictures of all shapes fit into the box, upright, with even sides, and none is made larger`() async throws
  {
    let media = try await Media()
    try await media.film("wide", "\(Media.moving("1280x720", seconds: 0.5)) \(Media.h264) -f mp4")
    try await media.film("plain", "\(Media.moving("639x361", seconds: 0.5)) -c:v ffv1 -f matroska")
    try await media.film("dot", "\(Media.moving("16x16", seconds: 0.5)) -vf scale=1:1 -c:v ffv1 -f matroska")
    try await media.film("wide-pixels", "\(Media.moving("320x180", seconds: 0.5)) -vf setsar=2/1 \(Media.h264) -f mp4")
    try await media.film("turned", "-i file:\(media.sources)/wide -c copy -metadata:s:v rotate=90 -f mp4")
    try await media.film("full-colour", "\(Media.moving("64x36", seconds: 0.5)) \(Media.h264) -pix_fmt yuv444p -f mp4")
    try await media.film("moving.gif", Media.moving("64x36", seconds: 0.5))
    try await media.film("old.avi", "\(Media.moving("64x36", seconds: 0.5)) -c:v mpeg4")
    try await media.film(
      "two-tracks",
      "\(Media.moving("64x36", seconds: 0.5)) \(Media.moving("32x32", seconds: 0.5)) -map 0 -map 1 \(Media.h264) -f mp4"
    )
    let wanted = [
      "wide": "made 640x360", "plain": "made 638x360", "dot": "made 2x2", "wide-pixels": "made 640x180",
      "turned": "made 360x640", "full-colour": "made 64x36", "moving.gif": "made 64x36", "old.avi": "made 64x36",
      "two-tracks": "made 64x36",
    ]
    for name in wanted.keys { try await media.add(name, name) }
    let run = try await media.run()
    #expect(run.exitCode == 0 && run.count("made") == wanted.count, "\(run.output)\(run.errors)")
    for (name, state) in wanted {
      #expect(try await media.state(name) == state, "\(name)")
      #expect(
        try await media.probe(name, "stream=codec_name,width,height,sample_aspect_ratio,pix_fmt").joined(separator: " ")
          == "h264 \(state.dropFirst(5).replacing("x", with: " ")) 1:1 yuv420p", "\(name)")
    }
    #expect(try media.named().count == wanted.count)
    #expect(try media.unfinished() == [])
  }

  @Test func `lengths are as they should be, also of films whose pictures come at any time`() async throws {
    let media = try await Media(["PREVIEWS_VIDEO_SECONDS": "3"])
    try await media.smallFilm("long", seconds: 5)
    try await media.smallFilm("short", seconds: 2)
    // Every seventh and every tenth picture: none comes as long after the one before.
    try await media.film(
      "uneven",
      "\(Media.moving("64x36", seconds: 5, rate: 30)) -vf select='not(mod(n,7))+not(mod(n,10))' -vsync vfr -c:v ffv1 -f matroska"
    )
    for name in ["long", "short", "uneven"] { try await media.add(name, name) }
    let run = try await media.run()
    #expect(run.count("made") == 3 && run.count("damaged") == 0, "\(run.output)\(run.errors)")
    #expect(
      try await media.place.rows("select round(duration_ms / 100.0) as a from oneshot.media_previews order by asset_id")
        == [["30"], ["20"], ["30"]])
    #expect(
      try await media.probe("uneven", "stream=nb_read_frames", ["-count_frames"]) == ["90"])
  }

  @Test func `sound is taken where there is some, and a film without it is as good`() async throws {
    let media = try await Media()
    try await media.smallFilm("loud")
    try await media.film("silent", "\(Media.moving("64x36", seconds: 1)) \(Media.h264) -f mp4")
    try await media.film("cover.jpg", "\(Media.moving("64x36", seconds: 0.1)) -frames:v 1")
    try await media.film(
      "song.mp3",
      "\(Media.tone(seconds: 3)) -i file:\(media.sources)/cover.jpg -map 0 -map 1 -c:v copy -disposition:v attached_pic"
    )
    try await media.add("loud", "loud")
    try await media.add("silent", "silent")
    try await media.add("song", "song.mp3", kind: "audio")
    try await media.add("song-as-film", "song.mp3")
    try await media.add("silent-as-song", "silent", kind: "audio")
    let run = try await media.run()
    #expect(run.exitCode == 0 && run.count("made") == 3 && run.count("impossible") == 2, "\(run.output)\(run.errors)")
    #expect(try await media.probe("loud", "stream=codec_name") == ["h264", "aac"])
    #expect(try await media.probe("silent", "stream=codec_name") == ["h264"])
    #expect(try await media.probe("song", "stream=codec_name,sample_rate,channels") == ["mp3", "44100", "2"])
    #expect(try await media.state("song-as-film") == "impossible no picture")
    #expect(try await media.state("silent-as-song") == "impossible no sound")
    #expect(try await media.letters() == [])
  }

  @Test func `what is cut off is damaged or impossible, and what is no film says so`() async throws {
    let media = try await Media()
    let film = "\(Media.moving("64x36", seconds: 6)) \(Media.h264) -g 10"
    try await media.film("whole-front", "\(film) -movflags +faststart -f mp4")
    try await media.film("whole-end", "\(film) -f mp4")
    try await media.film("whole-webm", "\(Media.moving("64x36", seconds: 6)) -c:v libvpx -f webm")
    try media.cut("whole-front", to: 0.6, as: "front")
    try media.cut("whole-end", to: 0.6, as: "end")
    try media.cut("whole-webm", to: 0.6, as: "webm")
    try media.write(Data(), to: "empty")
    try media.write(Data((0..<50_000).map { _ in UInt8.random(in: 0...255) }), to: "noise")
    try media.write(Data("Dear diary, this is no film.\n".utf8), to: "text")
    try media.write(Data("ffconcat version 1.0\nfile whole-front\n".utf8), to: "list")
    for name in ["front", "end", "webm", "empty", "noise", "text", "list"] { try await media.add(name, name) }
    let run = try await media.run()
    #expect(
      run.exitCode == 0 && run.count("made") == 2 && run.count("damaged") == 2 && run.count("impossible") == 5,
      "\(run.output)\(run.errors)")
    for name in ["front", "webm"] { #expect(try await media.state(name) == "made 64x36 damaged", "\(name)") }
    #expect(try await media.state("end") == "impossible cut off")
    #expect(try await media.state("empty") == "impossible it is empty")
    for name in ["noise", "text"] {
      let state = try await media.state(name)
      #expect(state.hasPrefix("impossible it"), "\(name): \(state)")
    }
    #expect(try await media.state("list") == "impossible its format is not in PREVIEWS_FORMATS")
    #expect(try await media.letters() == [])
  }

  @Test
  func
    `a picture of more than 40 megapixels and a source that is too large are refused by what ffprobe and the disk say`()
    async throws
  {
    let media = try await Media(["PREVIEWS_MAX_SOURCE": "2MiB"])
    try await media.film("poster", "-f lavfi -i color=s=8000x5002:r=1:d=1 -c:v png -pix_fmt gray -f matroska")
    try media.write(Data(count: 3 << 20), to: "large")
    for name in ["poster", "large"] { try await media.add(name, name) }
    #expect(try await media.run().count("impossible") == 2)
    #expect(
      try await media.state("poster") == "impossible its picture of 8000 × 5002 is larger than 40 megapixels")
    #expect(try await media.state("large") == "impossible it is larger than PREVIEWS_MAX_SOURCE")
  }

  @Test func `where a film was made and what it is called is in no preview`() async throws {
    let media = try await Media()
    try await media.film(
      "private.mov",
      "\(Media.moving("64x36", seconds: 1)) \(Media.h264) -metadata title=Birthday -metadata location=+48.2082+016.3738/ -metadata:s:v title=Kitchen"
    )
    let source = try Data(contentsOf: URL(filePath: "\(media.sources)/private.mov"))
    #expect(source.range(of: Data("+48.2082".utf8)) != nil && source.range(of: Data("Birthday".utf8)) != nil)
    try await media.add("a", "private.mov")
    #expect(try await media.run().count("made") == 1)
    let preview = try Data(contentsOf: URL(filePath: "\(media.previews)/\(try await media.target("a"))"))
    for text in ["+48.2082", "Birthday", "Kitchen"] { #expect(preview.range(of: Data(text.utf8)) == nil, "\(text)") }
  }

  @Test func `names that look like options, addresses and patterns are names, and ids are names of files`() async throws
  {
    let media = try await Media()
    let names = ["-y.mp4", "http:x.mp4", "a%03d.mp4", "two words\n.mp4", "'; drop table.mp4"]
    for name in names { try await media.smallFilm(name) }
    let assets = ["-rf", "../../etc/passwd", "a.b%c", "Zoë/🎬", "'--"]
    for (asset, name) in zip(assets, names) { try await media.add(asset, name) }
    try await media.add(String(repeating: "x", count: 201), names[0])
    let run = try await media.run()
    #expect(run.count("made") == 5 && run.count("impossible") == 1, "\(run.output)\(run.errors)")
    let files = try media.named()
    #expect(files.count == 5)
    for file in files { #expect(file.wholeMatch(of: /[0-9a-f]{2}\/[-_%A-Za-z0-9]+\.video\.[0-9a-f]{8}\.mp4/) != nil) }
    #expect(files.contains { $0.contains("/%2e%2e%2f%2e%2e%2fetc%2fpasswd.") })
  }

  @Test func `the same source and spec make the same bytes, and a film may begin later`() async throws {
    let media = try await Media(["PREVIEWS_VIDEO_SECONDS": "1"])
    try await media.smallFilm("film", seconds: 4)
    try await media.add("a", "film")
    #expect(try await media.run().count("made") == 1)
    let path = "\(media.previews)/\(try await media.target("a"))"
    let first = try Data(contentsOf: URL(filePath: path))
    try FileManager.default.removeItem(atPath: path)
    try await media.place.execute("update oneshot.media_previews set state = 'pending'")
    #expect(try await media.run().count("made") == 1)
    #expect(try Data(contentsOf: URL(filePath: path)) == first)
    // Another spec has another name, and the old file goes.
    let later = try await media.run([], ["PREVIEWS_MODE": "rebuild", "PREVIEWS_FROM": "50%"])
    #expect(later.count("made") == 1, "\(later.output)\(later.errors)")
    let new = "\(media.previews)/\(try await media.target("a"))"
    #expect(new != path && !FileManager.default.fileExists(atPath: path))
    #expect(try Data(contentsOf: URL(filePath: new)) != first)
    #expect(try await media.run([], ["PREVIEWS_MODE": "rebuild", "PREVIEWS_FROM": "50%"]).count("due") == 0)
    // A film that would end before the preview does begins at 0.
    let short = try await media.run([], ["PREVIEWS_MODE": "rebuild", "PREVIEWS_FROM": "3500ms"])
    #expect(short.count("made") == 1)
    let third = try Data(contentsOf: URL(filePath: "\(media.previews)/\(try await media.target("a"))"))
    #expect(third == first)
  }
}
