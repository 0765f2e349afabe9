import JobRuntime
import Operations

/// The page: one file that needs no other.
struct Page: Sendable {
  let picture: Picture
  /// Marks the page's own style and script; an author of a text on the page cannot have known it.
  private let nonce: String

  init(_ picture: Picture) {
    self.picture = picture
    nonce = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
  }

  var html: HTML {
    HTML(
      page: HTML(.html, .lang("en")) {
        HTML(.head) {
          HTML(.meta, .charset("utf-8"))
          HTML(.meta, .httpEquiv("Content-Security-Policy"), .content(policy))
          HTML(.meta, .name("viewport"), .content("width=device-width, initial-scale=1"))
          HTML(.meta, .name("color-scheme"), .content("light dark"))
          HTML(.meta, .name("referrer"), .content("no-referrer"))
          HTML(.meta, .name("robots"), .content("noindex"))
          HTML(.meta, .name("generator"), .content("oneshot job-report \(picture.version)"))
          HTML(.title) { "\(state.title) – \(picture.title)" }
          HTML(.link, .icon, .href(image: favicon))
          HTML(.style, embedded: PackageResources.page_css, nonce: nonce)
        }
        HTML(.body) {
          symbols
          HTML(.header) { heading }
          HTML(.main) {
            troubleList
            snoozes
            pauses
            jobs
            failures
            deadLetters
            reviews
            deliveries
            locks
            numbers
          }
          HTML(.footer) { imprint }
          HTML(.script, embedded: PackageResources.page_js, nonce: nonce)
        }
      })
  }

  /// Nothing is fetched, and only the page's own style and script are used.
  private var policy: String {
    [
      "default-src 'none'", "style-src 'nonce-\(nonce)'", "script-src 'nonce-\(nonce)'", "img-src data:",
      "base-uri 'none'", "form-action 'none'",
    ].joined(separator: "; ")
  }

  // MARK: State

  enum State {
    case well, troubled, strange, unsteady, empty

    var title: String {
      switch self {
      case .well: "All well"
      case .troubled, .strange: "Trouble"
      case .unsteady: "Unsteady"
      case .empty: "No runs"
      }
    }

    var mark: Mark {
      switch self {
      case .well: .well
      case .troubled: .failed
      case .strange, .unsteady: .partial
      case .empty: .quiet
      }
    }
  }

  var state: State {
    if !picture.troubles.isEmpty { return picture.troubles.contains(where: \.kind.isError) ? .troubled : .strange }
    if picture.parts.total == 0 { return .empty }
    return picture.unwell > 0 ? .unsteady : .well
  }

  private var headline: String {
    let total = picture.parts.total
    switch state {
    case .empty: return "Nothing has run yet"
    case .well: return total == 1 ? "The last run succeeded" : "All \(PageText.count(total)) are well"
    case .unsteady: return "\(PageText.count(picture.unwell)) of \(PageText.count(total)) did not succeed the last time"
    case .troubled, .strange:
      return PageText.count(picture.troubles.count, "thing needs", "things need") + " attention"
    }
  }

  private var heading: HTML {
    HTML(.div, .class("top")) {
      HTML(.p, .class("of")) { HTML(.bdi) { picture.title } }
      HTML(.p, .class("made")) {
        "as of "
        HTML(.time, .id("made"), .datetime(picture.madeAt), .oldAfter(picture.oldAfter)) { picture.madeAt.toTheSecond }
      }
    }
      + HTML(.p, .id("old"), .role("status"), .hidden) {
        "This page is old: it was made "
        HTML(.span, .id("age")) { "a while" }
        " ago. Does job-report still run?"
      }
      + HTML(.h1, .class(state.mark.rawValue)) {
        icon(state.mark)
        headline
      } + HTML(.dl, .class("facts")) { facts }
  }

  private var facts: [HTML] {
    let tally = picture.tally
    let days = picture.axis.days == 1 ? "today" : "in \(picture.axis.days) days"
    return [
      fact("runs \(days)", PageText.count(tally.runs)),
      fact("succeeded", PageText.share(tally.succeeded, of: tally.succeeded + tally.unsuccessful)),
      fact("did not succeed", PageText.count(tally.unsuccessful), link: tally.unsuccessful > 0 ? "failures" : nil),
      fact("dead letters", PageText.count(picture.letters), link: picture.letters > 0 ? "dead-letters" : nil),
      fact("running now", PageText.count(tally.running)),
    ]
  }

  private func fact(_ name: String, _ value: String, link: String? = nil) -> HTML {
    HTML(.div) {
      HTML(.dt) { name }
      HTML(.dd) { if let link { HTML(.a, .href(link)) { value } } else { value } }
    }
  }

  private static let mostTroubles = 40

  @HTML.Content private var troubleList: HTML {
    if !picture.troubles.isEmpty {
      section("troubles", "Needs attention") {
        HTML(.ul, .class("troubles")) {
          picture.troubles.prefix(Self.mostTroubles).map { trouble in
            HTML(.li, .class(trouble.kind.isError ? Mark.failed.rawValue : Mark.partial.rawValue)) {
              HTML(.span, .class("kind")) { trouble.kind.rawValue.replacing("_", with: " ") }
              HTML(.strong) { HTML(.bdi) { bounded(picture.names[trouble.part], to: 160) } }
              HTML(.p) { HTML(.bdi) { bounded(trouble.message, to: 600) } }
            }
          }
        }
        more(picture.troubles.count - Self.mostTroubles, "troubles", "`oneshot health` lists all")
      }
    }
  }

  private var imprint: HTML {
    HTML(.p) {
      "Made "
      HTML(.time, .datetime(picture.madeAt)) { picture.madeAt.toTheSecond }
      " by job-report \(picture.version), in run "
      HTML(.code) { picture.runID }
      " for "
      HTML(.time, .datetime(picture.scheduledAt)) { picture.scheduledAt.toTheSecond }
      ". Ages are as of then, days and hours are UTC."
      if !picture.hasExpectations {
        " HEALTH_EXPECT does not say how often jobs should run, so one that is not started any more is noticed after five times its usual gap."
      }
    }
  }

  func section(_ id: String, _ title: String, _ note: String? = nil, @HTML.Content _ content: () -> HTML) -> HTML {
    HTML(.section, .id(id), .labelled(by: id + "-title")) {
      HTML(.h2, .id(id + "-title")) {
        title
        if let note { HTML(.span, .class("note")) { " \(note)" } }
      }
      content()
    }
  }

  /// A table that scrolls by itself where it is wider than the screen.
  func table(_ id: String, _ columns: [String], numbers: Set<Int> = [], @HTML.Content _ rows: () -> HTML) -> HTML {
    HTML(.div, .class("wide"), .role("region"), .labelled(by: id + "-title"), .focusable) {
      HTML(.table) {
        HTML(.thead) {
          HTML(.tr) {
            columns.enumerated().map { index, column in
              HTML(.th, [.scope("col")] + (numbers.contains(index) ? [.class("number")] : [])) { column }
            }
          }
        }
        HTML(.tbody) { rows() }
      }
    }
  }
}
