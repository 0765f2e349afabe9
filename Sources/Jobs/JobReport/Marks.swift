import Operations

/// A state: a word, a colour and a shape, each of which is enough to recognize it.
enum Mark: String, CaseIterable {
  case well, partial, failed, interrupted, running, quiet

  init(_ status: LedgerRun.Status) {
    switch status {
    case .succeeded: self = .well
    case .partial: self = .partial
    case .failed: self = .failed
    case .interrupted: self = .interrupted
    case .running: self = .running
    }
  }

  /// In a square of 20.
  var path: String {
    let disc = "M10 1a9 9 0 1 0 0 18a9 9 0 1 0 0-18z"
    switch self {
    case .well: return disc + "M8.6 14.2 4.8 10.4l1.5-1.5 2.3 2.3 5.1-5.1 1.5 1.5z"
    case .failed:
      return "M10 .6 19.4 10 10 19.4.6 10z"
        + "M7.2 5.8 10 8.6l2.8-2.8 1.4 1.4L11.4 10l2.8 2.8-1.4 1.4L10 11.4l-2.8 2.8-1.4-1.4L8.6 10 5.8 7.2z"
    case .partial: return "M10 1.2 19.4 18H.6zM9 7v5.5h2V7zM9 14v2h2v-2z"
    case .interrupted: return disc + "M6.5 6v8h2.5V6zM11 6v8h2.5V6z"
    case .running: return disc + "M10 3.5a6.5 6.5 0 0 1 0 13z"
    case .quiet: return disc + "M10 3.2a6.8 6.8 0 1 1 0 13.6a6.8 6.8 0 1 1 0-13.6z"
    }
  }

  /// A bar in the timeline: its extent out of `Timeline.height`, six wide.
  ///
  /// The worse, the taller; bars of runs that did not end well have a distinct head.
  ///
  /// - Parameter foot: where it ends; above the base line where there is something else below it.
  func bar(at x: Int, foot: Int = Timeline.height) -> String {
    switch self {
    case .well: "M\(x) 14h6V\(foot)h-6z"
    case .running: "M\(x) 14h6v3h-6zM\(x) 19h6v3h-6zM\(x) 24h6v4h-6z"
    case .interrupted: "M\(x) 8h6V\(foot)h-6zM\(x + 2) 10V\(foot - 2)h2V10z"
    case .partial: "M\(x) 11h6V\(foot)h-6zM\(x) 5h6v4h-6z"
    case .failed: "M\(x) 9h6V\(foot)h-6zM\(x) 7l3-7 3 7z"
    case .quiet: ""
    }
  }
}

extension Page {
  private static func id(_ mark: Mark) -> String { "mark-\(mark.rawValue)" }

  /// The marks, drawn once.
  var symbols: HTML {
    HTML(.svg, .class("symbols"), .decoration, .width(0), .height(0)) {
      Mark.allCases.map { mark in
        HTML(.symbol, .id(Self.id(mark)), .viewBox(20, 20)) { HTML(.path, .d(mark.path)) }
      }
    }
  }

  /// A mark beside its word.
  func icon(_ mark: Mark) -> HTML {
    HTML(.svg, .class("icon \(mark.rawValue)"), .decoration, .viewBox(20, 20)) {
      HTML(.use, .href(Self.id(mark)))
    }
  }

  /// What the browser shows on the page's tab.
  var favicon: HTML {
    let colour: Fill =
      switch state.mark {
      case .well: .green
      case .failed: .red
      default: .amber
      }
    return HTML(.svg, .namespace, .viewBox(20, 20)) { HTML(.path, .d(state.mark.path), .fill(colour), .evenOdd) }
  }
}

/// The few colours that stand outside of the style sheet.
enum Fill: String { case green = "#2e7d4f", red = "#c0362c", amber = "#b06f00" }
