import JobRuntime
import Operations

/// Jobs that are paused.
extension Page {
  private static let mostPauses = 20

  @HTML.Content var pauses: HTML {
    if !picture.paused.isEmpty {
      section("paused", "Paused", PageText.count(picture.paused.count, "job")) {
        HTML(.p, .class("meaning")) {
          "Runs of these end at once as skipped; nobody misses them. "
          HTML(.code) { "oneshot resume JOB" }
          " ends a pause."
        }
        table("paused", ["job", "until", "by", "why"]) {
          picture.paused.prefix(Self.mostPauses).map { pause in
            HTML(.tr) {
              HTML(.th, .scope("row")) { HTML(.bdi) { bounded(pause.name, to: 160) } }
              HTML(.td) { HTML(.time, .datetime(pause.end)) { pause.end.toTheSecond } }
              HTML(.td) { HTML(.bdi) { bounded(pause.by, to: 160) } }
              HTML(.td) { HTML(.bdi) { bounded(pause.reason ?? "–", to: 600) } }
            }
          }
        }
        more(picture.paused.count - Self.mostPauses, "jobs", "`oneshot health` lists all")
      }
    }
  }
}
