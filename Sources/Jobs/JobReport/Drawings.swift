import JobRuntime
import Operations

/// One part's runs along the days: a bar for each stretch of time in which some started.
struct Timeline {
  let part: Part
  let axis: TimeAxis
  let now: Timestamp
  /// If so, bars of runs that all succeeded are drawn as one, without their number.
  let isOneOfMany: Bool

  static let height = 28
  private static let step = 8

  var html: HTML {
    HTML(
      .svg, .class("timeline"), .role("img"), .label(summary), .viewBox(axis.cells * Self.step, Self.height), .stretched
    ) {
      HTML(.path, .class("days"), .d(days))
      HTML(.path, .class("now"), .d("M\(axis.number(of: now) * Self.step + 7) 0v\(Self.height)"))
      if !plain.isEmpty {
        HTML(.path, .class(Mark.well.rawValue), .d(plain.map { Mark.well.bar(at: x($0)) }.joined()))
      }
      part.cells.filter { !isOneOfMany || $0.mark != .well }.map { bar($0) }
    }
  }

  private var plain: [Part.Cell] { isOneOfMany ? part.cells.filter { $0.mark == .well } : [] }

  private func x(_ cell: Part.Cell) -> Int { cell.number * Self.step + 1 }

  /// Below the mark of the worst run, a part of the bar shows the good runs of the same stretch, so that one bad run of
  /// many does not look like an outage.
  private func bar(_ cell: Part.Cell) -> HTML {
    let (mark, x) = (cell.mark, x(cell))
    let isMixed = [.failed, .partial, .interrupted].contains(mark) && cell.counts[.succeeded, default: 0] > 0
    return HTML(.g) {
      HTML(.title) { title(of: cell) }
      HTML(.path, .class(mark.rawValue), .d(mark.bar(at: x, foot: isMixed ? Self.middle : Self.height)))
      if isMixed { HTML(.path, .class(Mark.well.rawValue), .d("M\(x) \(Self.middle + 2)h6V\(Self.height)h-6z")) }
    }
  }

  private static let middle = 17

  /// A base line, and a line at the start of each day.
  private var days: String {
    let day = 86_400 / axis.cell * Self.step
    return "M0 \(Self.height)h\(axis.cells * Self.step)"
      + (1..<max(2, axis.days)).filter { $0 < axis.days }.map { "M\($0 * day) \(Self.height)v-6" }.joined()
  }

  /// The text for people who do not see the drawing.
  private var summary: String {
    guard part.runs > 0 else { return "No runs on these days." }
    var text = "\(PageText.count(part.runs, "run")) on these days, \(PageText.count(part.unsuccessful)) did not succeed"
    let bad: [LedgerRun.Status] = [.failed, .interrupted] + (part.part.job == JobPart.doctor ? [] : [.partial])
    if let last = part.cells.last(where: { cell in bad.contains { cell.counts[$0, default: 0] > 0 } }) {
      text += ", the last of them \(time(of: last))"
    }
    return text + "."
  }

  private func title(of cell: Part.Cell) -> String {
    let counts = LedgerRun.Status.allCases.reversed().compactMap { status in
      cell.counts[status].map { "\(PageText.count($0)) \(status.rawValue)" }
    }
    return time(of: cell) + ": " + counts.joined(separator: ", ")
  }

  private func time(of cell: Part.Cell) -> String {
    let (start, end) = (axis.startOfCell(cell.number), axis.startOfCell(cell.number + 1))
    return axis.cell >= 86_400 ? start.day.short : "\(start.day.short) \(start.timeOfDay)–\(end.timeOfDay)"
  }
}

extension Part.Cell {
  /// The mark of its worst run.
  var mark: Mark {
    let worst: [LedgerRun.Status] = [.failed, .partial, .interrupted, .running, .succeeded]
    return worst.first { counts[$0, default: 0] > 0 }.map { Mark($0) } ?? .quiet
  }
}

/// Small charts along the same days.
struct Sparkline {
  let axis: TimeAxis
  /// By the number of the cell.
  let points: [(cell: Int, value: Double)]

  static let height = 24
  private static let step = 4
  private static let room = 22.0

  private var highest: Double { points.map(\.value).max() ?? 0 }

  private func y(_ value: Double) -> Double {
    let share = highest > 0 ? max(0, value) / highest : 0
    return ((Double(Self.height) - 1 - share * Self.room) * 10).rounded() / 10
  }

  private func drawing(_ kind: String, _ label: String, @HTML.Content _ content: () -> HTML) -> HTML {
    HTML(
      .svg, .class("spark \(kind)"), .role("img"), .label(label), .viewBox(axis.cells * Self.step, Self.height),
      .stretched, content: content)
  }

  /// A line from point to point, and a dot where it ends.
  func line(_ label: String) -> HTML {
    drawing("line", label) {
      if let last = points.last {
        HTML(
          .path,
          .d(points.enumerated().map { "\($0 == 0 ? "M" : "L")\(x($1.cell)) \(y($1.value))" }.joined()))
        HTML(.path, .class("dot"), .d("M\(x(last.cell)) \(y(last.value))h.01"))
      }
    }
  }

  /// A bar for each point.
  func bars(_ label: String) -> HTML {
    drawing("bars", label) {
      HTML(
        .path,
        .d(
          points.map {
            "M\($0.cell * Self.step) \(Self.height)V\(min(y($0.value), Double(Self.height) - 1))h3V\(Self.height)z"
          }
          .joined()))
    }
  }

  private func x(_ cell: Int) -> Int { cell * Self.step + Self.step / 2 }
}
