import JobRuntime
import Operations

/// What somebody has silenced for a while.
extension Page {
  private static let mostSnoozes = 20

  @HTML.Content var snoozes: HTML {
    if !picture.snoozes.isEmpty {
      section("snoozed", "Snoozed", PageText.count(picture.snoozes.count, "kind of trouble", "kinds of trouble")) {
        HTML(.p, .class("meaning")) {
          "Until then, what these silence calls nobody and is not counted above. "
          HTML(.code) { "oneshot unsnooze JOB KIND" }
          " ends a snooze."
        }
        table("snoozed", ["trouble", "wrong now", "until", "by", "why"], numbers: [1]) {
          picture.snoozes.prefix(Self.mostSnoozes).map { snooze, troubles in
            HTML(.tr) {
              HTML(.th, .scope("row")) { HTML(.bdi) { bounded(snooze.name, to: 160) } }
              HTML(.td, .class("number")) { PageText.count(troubles) }
              HTML(.td) { HTML(.time, .datetime(snooze.end)) { snooze.end.toTheSecond } }
              HTML(.td) { HTML(.bdi) { bounded(snooze.by, to: 160) } }
              HTML(.td) { HTML(.bdi) { bounded(snooze.reason ?? "–", to: 600) } }
            }
          }
        }
        more(picture.snoozes.count - Self.mostSnoozes, "snoozes", "`oneshot health` lists all")
      }
    }
  }
}
