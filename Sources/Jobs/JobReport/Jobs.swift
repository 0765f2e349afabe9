import JobRuntime
import Operations

/// Each part: its state, its runs along the days, how long they took and what they did.
extension Page {
  var jobs: HTML {
    section("jobs", "Jobs", daysInWords) {
      if picture.parts.total == 0 {
        HTML(.p, .class("none")) { "The ledger knows no run of any job but this one's." }
      } else {
        HTML(.div, .class("axis"), .decoration) { HTML(.div, .class("days")) { labels } }
        HTML(.ol, .class("parts")) { picture.parts.shown.map { row($0) } }
        more(picture.parts.more, "parts of jobs", picture.unwell > 0 ? nil : "all of them ended well")
        legend
      }
    }
  }

  var daysInWords: String {
    let axis = picture.axis
    return axis.days == 1 ? axis.firstDay.short : "\(axis.firstDay.short) – \((axis.firstDay + (axis.days - 1)).short)"
  }

  /// The names of the days, as far as there is room for them.
  private var labels: [HTML] {
    let axis = picture.axis
    if axis.days <= 10 { return (0..<axis.days).map { day in HTML(.span) { (axis.firstDay + day).shortest } } }
    return [
      HTML(.span) { axis.firstDay.short }, HTML(.span, .class("last")) { (axis.firstDay + (axis.days - 1)).short },
    ]
  }

  /// A hundred bytes a bar are too much where there are thousands of bars.
  private var isOneOfMany: Bool { picture.parts.shown.count > 20 }

  private func row(_ part: Part) -> HTML {
    let axis = picture.axis
    let lengths = part.cells.compactMap { cell in cell.median.map { (cell.number, Double($0.inMilliseconds)) } }
    let items = part.cells.compactMap { cell in cell.items.map { (cell.number, $0) } }
    return HTML(.li) {
      HTML(.div, .class("who")) {
        HTML(.h3) { name(part.part) }
        HTML(.p, .class("state")) { standing(part) }
      }
      HTML(.div, .class("along")) {
        Timeline(part: part, axis: axis, now: picture.madeAt, isOneOfMany: isOneOfMany).html
      }
      HTML(.div, .class("chart")) {
        HTML(.p) {
          HTML(.strong) { PageText.length(part.median) }
          " median"
        }
        Sparkline(axis: axis, points: lengths).line(
          "Durations: median \(PageText.length(part.median)), longest \(PageText.length(part.longest)).")
      }
      HTML(.div, .class("chart")) {
        HTML(.p) {
          HTML(.strong) { part.items.map { PageText.short($0) } ?? "–" }
          " items"
        }
        Sparkline(axis: axis, points: items).bars(
          "Items processed: \(part.items.map { PageText.short($0) } ?? "unknown").")
      }
    }
  }

  @HTML.Content private func standing(_ part: Part) -> HTML {
    if part.newest.isOverdue {
      icon(.failed)
      HTML(.strong, .class("failed")) { "overdue" }
      ", started "
      age(part.newest.startedAt)
    } else if let ended = part.ended {
      let mark = ended.startedAt < picture.axis.start && ended.status == .succeeded ? Mark.quiet : Mark(ended.status)
      icon(mark)
      HTML(.strong, .class(mark.rawValue)) { word(mark, part) }
      " "
      age(ended.startedAt)
      if part.newest.isRunning {
        HTML(.span, .class("soft")) {
          ", running for "
          HTML(.time, .datetime(part.newest.startedAt)) { (picture.madeAt - part.newest.startedAt).short }
        }
      }
    } else {
      icon(.running)
      HTML(.strong, .class("running")) { "running" }
      " for "
      HTML(.time, .datetime(part.newest.startedAt)) { (picture.madeAt - part.newest.startedAt).short }
    }
  }

  private func word(_ mark: Mark, _ part: Part) -> String {
    let times = part.unsuccessfulInARow > 1 ? " \(PageText.count(part.unsuccessfulInARow)) in a row," : ""
    switch mark {
    case .well: return "succeeded"
    case .quiet: return "quiet, last success"
    default: return mark.rawValue + (times.isEmpty ? "" : times)
    }
  }

  private var legend: HTML {
    let meanings: [(Mark, String)] = [
      (.well, "succeeded"), (.running, "running"), (.interrupted, "interrupted"), (.partial, "partial"),
      (.failed, "failed"),
    ]
    return HTML(.ul, .class("legend")) {
      meanings.map { mark, word in
        HTML(.li) {
          HTML(.svg, .class("key"), .decoration, .viewBox(8, Timeline.height)) {
            HTML(.path, .class(mark.rawValue), .d(mark.bar(at: 1)))
          }
          word
        }
      }
      HTML(.li, .class("soft")) {
        "a bar is \(DurationText.format(.seconds(picture.axis.cell))), and stands for the worst of its runs"
      }
    }
  }
}

/// The same as a table, with exact numbers.
extension Page {
  @HTML.Content var numbers: HTML {
    if picture.parts.total > 0 {
      section("numbers", "In numbers", daysInWords) {
        table(
          "numbers",
          [
            "job", "runs", "succeeded", "median", "95 %", "longest", "items", "last run took", "its items",
            "left behind", "oldest of it", "last success",
          ], numbers: Set(1...10)
        ) { picture.parts.shown.map { line($0) } }
      }
    }
  }

  private func line(_ part: Part) -> HTML {
    func number(_ text: String) -> HTML { HTML(.td, .class("number")) { text } }
    return HTML(.tr) {
      HTML(.th, .scope("row")) { name(part.part) }
      number(PageText.count(part.runs))
      number(PageText.share(part.succeeded, of: part.succeeded + part.unsuccessful))
      number(PageText.length(part.median))
      number(PageText.length(part.high))
      number(PageText.length(part.longest))
      number(part.items.map { PageText.short($0) } ?? "–")
      number(PageText.length(part.ended?.duration))
      number(part.ended?.items.map { PageText.count($0) } ?? "–")
      number(part.ended?.behind.map { PageText.count($0) } ?? "–")
      number(PageText.length(part.ended?.oldest))
      HTML(.td) { if let at = part.succeededAt { age(at) } else { "never" } }
    }
  }
}
