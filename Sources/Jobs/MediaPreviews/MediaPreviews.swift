import Events
import JobRuntime
import Postgres

/// Makes a preview of each film and sound file that was uploaded, with ffmpeg as a child process that can do no harm.
///
/// - Reads and writes: `oneshot.media_previews`, `oneshot.events`; files below `PREVIEWS_SOURCE_DIR` and
///   `PREVIEWS_TARGET_DIR`.
/// - Safe to run twice: the same source and spec make the same file under the same name, and one run writes the row.
/// - Safe to stop halfway: a file has its name only when it is whole, and a row without its outcome is still due.
/// - If it is late: it makes more in one run.
@main
struct MediaPreviews: Job {
  static let facts = JobFacts(
    name: "media-previews",
    summary: "makes previews of the films and sound files that were uploaded",
    schema: [Outbox.schema, MigrationNeed("previews", 2)],
    tables: [
      Outbox.need,
      TableNeed(
        "oneshot.media_previews", columns: columns + ["source", "upload_to"], privileges: [.select],
        limits: [.update: columns.filter { !["asset_id", "kind", "source_tag"].contains($0) }]),
    ],
    letterKinds: LetterKind.all)

  private static let columns = [
    "asset_id", "kind", "source_tag", "spec", "state", "target", "bytes", "width", "height", "duration_ms",
    "is_damaged",
    "reason", "attempts", "due_at", "updated_at",
  ]

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    let queue = Queue(settings: settings, moment: run.scheduledAt, shard: run.shard)
    if run.isDryRun { return try await plan(queue, run) }
    try Processing.checkTime(settings, run)
    let place = try Workplace(settings)
    place.sweep(at: run.startedAt)
    let programs = try Programs(settings, workingIn: place.work.path)
    let making = Making(
      settings: settings, programs: programs, sources: place.sources, targets: place.targets, work: place.work, run: run
    )
    var report: Report
    if settings.mode == .verify {
      report = try await Verification(making: making, queue: queue).work(run)
    } else {
      report = try await Processing(settings: settings, making: making, queue: queue).work(run)
    }
    report.behind = try await run.read(queue.left().limited(to: run.timeLeft)).only().value("due")
    return report
  }

  /// Counts what a run would look at.
  private func plan(_ queue: Queue, _ run: JobRun) async throws -> Report {
    var (report, place) = (Report(), Queue.Place.start)
    while let found = place {
      try Task.checkCancellation()
      let items = try await queue.page(settings.mode, after: found, run)
      report.due += items.count
      place = queue.next(items)
    }
    return report
  }
}
