import Foundation
import Glibc
import TestSupport
import Testing

/// Runs that are killed at each step of a preview.
///
/// `make soak` does it over 200 films.
@Suite(.timeLimit(.minutes(60))) struct PreviewSoakTests {
  private static let steps = [
    "opened the source", "ffmpeg has ended", "checked the preview", "named the preview", "transaction begun",
    "committing",
    "recorded the preview",
  ]

  @Test func `killed at each step, each film is made once and no half-written file ever has a name`()
    async throws
  {
    let films = ProcessInfo.processInfo.environment["ONESHOT_SOAK_RUNS"] == nil ? 40 : 200
    let media = try await Media(["PREVIEWS_PARALLEL": "2", "PREVIEWS_SANDBOX": "limits"])
    try await media.film("film.mp4", "\(Media.moving("16x16", seconds: 0.3)) \(Media.h264)")
    try await media.add("0", "film.mp4")
    #expect(try await media.run().count("made") == 1)
    let whole = try Data(contentsOf: URL(filePath: "\(media.previews)/\(try await media.target("0"))"))
    try await media.place.execute(
      """
      insert into oneshot.media_previews (asset_id, kind, source, source_tag, due_at)
      select g::text, 'video', 'film.mp4', '1', '2025-11-08T01:00:00Z' from generate_series(1, \(films - 1)) g
      """)
    for step in Self.steps {
      for film in [1, 3] {
        let run = try await media.start(past: step)
        for _ in 1..<film { try await run.go(past: step) }
        try await media.kill(run)
        for name in try media.named() {
          #expect(
            try Data(contentsOf: URL(filePath: "\(media.previews)/\(name)")) == whole, "\(name), killed at «\(step)»")
        }
      }
    }
    let last = try await media.run()
    #expect(last.exitCode == 0 && last.count("behind") == 0, "\(last.output)\(last.errors)")
    #expect(
      try await media.place.rows("select state || ' ' || count(*) as a from oneshot.media_previews group by state")
        == [["made \(films)"]])
    #expect(
      try await media.place.value(
        "select count(*) || ' ' || count(distinct event #>> '{data,asset_id}') from oneshot.events")
        == "\(films) \(films)")
    let named = try media.named()
    #expect(named.count == films)
    for name in named { #expect(try Data(contentsOf: URL(filePath: "\(media.previews)/\(name)")) == whole, "\(name)") }
  }
}
