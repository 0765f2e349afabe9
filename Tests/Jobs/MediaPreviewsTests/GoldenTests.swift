import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import MediaPreviews

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let place = try await Place()
    let moment = try #require(Timestamp(rfc3339: Media.now))
    var env = Environment(["PREVIEWS_SOURCE_DIR": "/media", "PREVIEWS_TARGET_DIR": "/previews"])
    let queue = Queue(settings: .init(from: &env), moment: moment, shard: Shard(index: 0, count: 2))
    let start = try #require(Queue.Place.start)
    var golden = GoldenStatements("media-previews", [:])
    golden.add("due", try queue.due(after: start))
    golden.add("made", try queue.made(after: start, isAll: false))
    golden.add("left", try queue.left())
    golden.add("known", try queue.known(["17"]))
    golden.add("again", try MediaPreviews.again(["video/17", "audio/a/b"], at: moment))
    try await golden.check(in: place)
  }

  @Test func `names of files are read back, and others are not`() {
    let id = "Zoë/../17"
    var env = Environment(["PREVIEWS_SOURCE_DIR": "/media", "PREVIEWS_TARGET_DIR": "/previews"])
    let settings = MediaPreviews.Settings(from: &env)
    let target = settings.audio.target(of: id, tag: "1") ?? ""
    #expect(PreviewName(String(target.split(separator: "/")[1]))?.asset == id)
    #expect(target != settings.audio.target(of: id, tag: "2"))
    for name in [
      "a.video.12345678.mp3", "a.video.1234567.mp4", "a%2.video.12345678.mp4", "%61.video.12345678.mp4", "a.mp4",
    ] {
      #expect(PreviewName(name) == nil, "\(name)")
    }
  }
}
