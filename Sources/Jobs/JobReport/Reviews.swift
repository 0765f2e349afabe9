import JobRuntime
import Operations
import Postgres

/// Sign-ups that fraud-detection has found something about, and that wait for a person.
struct Reviews: Sendable {
  /// Whether the role may not see them.
  var isDenied = false
  var open = Picture.Bounded<WaitlistReview>()

  private static let most = 25

  /// - Returns: `nil` where fraud-detection does not run.
  static func read(_ session: borrowing Session) throws -> Reviews? {
    let answer: String = try session.query(
      Statement(file: "may_read_reviews.sql", PackageResources.may_read_reviews_sql)
    ).only().value("answer")
    guard answer == "readable" else { return answer == "absent" ? nil : Reviews(isDenied: true) }
    let open = try session.query(WaitlistReview.open(onlyHeld: false, limit: most)).map { try WaitlistReview(row: $0) }
    return Reviews(open: .init(shown: open, total: open.first?.total ?? 0))
  }
}

extension Page {
  @HTML.Content var reviews: HTML {
    if let reviews = picture.reviews {
      section(
        "reviews", "Sign-ups to decide on",
        reviews.open.total > 0 ? "\(PageText.count(reviews.open.total)) waiting" : nil
      ) {
        if reviews.isDenied {
          HTML(.p, .class("none")) {
            "The role of job-report may not read them; its page in docs/jobs has the grant."
          }
        } else if reviews.open.shown.isEmpty {
          HTML(.p, .class("none")) { "None is waiting." }
        } else {
          HTML(.p, .class("meaning")) {
            "A held sign-up does not count until a person approves it; a suspect one counts until a person rejects it: "
            HTML(.code) { "oneshot fraud approve ENTRY" }
            " or "
            HTML(.code) { "reject" }
            "."
          }
          table("reviews", ["entry", "campaign", "state", "score", "since", "why", ""], numbers: [0, 1, 3]) {
            reviews.open.shown.map { line($0) }
          }
          more(reviews.open.more, "entries", "`oneshot fraud list` lists all")
        }
      }
    }
  }

  private func line(_ review: WaitlistReview) -> HTML {
    HTML(.tr) {
      HTML(.th, .scope("row"), .class("number")) { "\(review.entry)" }
      HTML(.td, .class("number")) { review.campaign.map { "\($0)" } ?? "–" }
      HTML(.td) {
        if review.state == "held" { icon(.failed) }
        review.state
      }
      HTML(.td, .class("number")) { "\(review.score)" }
      HTML(.td) { if let since = review.changedAt { age(since) } else { "–" } }
      HTML(.td, .class("message")) { HTML(.bdi) { bounded(review.checks, to: 200) } }
      HTML(.td) { HTML(.code) { "oneshot fraud show \(review.entry)" } }
    }
  }
}
