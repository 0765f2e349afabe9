import JobRuntime
import Operations

/// What went wrong, newest first; what waits as dead letters; what is locked.
extension Page {
  var failures: HTML {
    section(
      "failures", "Did not succeed",
      picture.tally.unsuccessful > 0 ? PageText.count(picture.tally.unsuccessful, "run") : nil
    ) {
      if picture.failures.shown.isEmpty {
        HTML(.p, .class("none")) { "Every run that ended did what it is for." }
      } else {
        HTML(.ol, .class("causes")) { picture.failures.shown.map { cause($0) } }
        more(picture.failures.more, "causes", "`oneshot runs --status failed`, `partial` or `interrupted` lists all")
      }
    }
  }

  private func cause(_ group: FailureGroup) -> HTML {
    HTML(.li) {
      HTML(.h3) {
        name(group.part, withShard: false)
        HTML(.span, .class("kind")) { HTML(.bdi) { bounded(group.kind, to: 40) } }
        if group.times > 1 { HTML(.span, .class("times")) { "\(PageText.count(group.times)) times" } }
      }
      HTML(.p, .class("message")) {
        if let message = group.message {
          excerpt(message, atMost: 600)
        } else if group.errorsTotal > 0 {
          "\(PageText.count(group.errorsTotal, "item")) failed; the dead letters say which"
        } else {
          "without a message"
        }
      }
      if let hint = group.hint { HTML(.p, .class("meaning")) { excerpt(hint, atMost: 600) } }
      HTML(.p, .class("when")) {
        moment(group.newestAt)
        if group.times > 1 {
          " · first "
          HTML(.time, .datetime(group.firstAt)) { group.firstAt.toTheMinute }
        }
        " · "
        HTML(.code) { "oneshot run \(group.runID)" }
        " · "
        HTML(.code) { "oneshot explain \(shellWord(group.kind))" }
        link("explained", to: picture.links.explanation(ofFailure: group.kind))
        link("log", to: picture.links.log(of: group))
      }
    }
  }

  /// A link to elsewhere, where there is one.
  @HTML.Content private func link(_ words: String, to url: String?) -> HTML {
    if let url {
      " · "
      HTML(.a, .href(outside: url)) { words }
    }
  }

  var deadLetters: HTML {
    section("dead-letters", "Dead letters", picture.letters > 0 ? "\(PageText.count(picture.letters)) pending" : nil) {
      if picture.deadLetters.shown.isEmpty {
        HTML(.p, .class("none")) { "None is pending." }
      } else {
        HTML(.ol, .class("causes")) { picture.deadLetters.shown.map { letters($0) } }
        more(picture.deadLetters.more, "kinds", "`oneshot dead-letters list` lists all")
      }
    }
  }

  private func letters(_ group: LetterGroup) -> HTML {
    HTML(.li) {
      HTML(.h3) {
        name(group.part)
        HTML(.span, .class("kind")) { HTML(.bdi) { bounded(group.kind, to: 40) } }
        HTML(.span, .class("times")) { PageText.count(group.letters, "item") }
      }
      HTML(.p, .class("when")) {
        "oldest "
        age(group.firstAt)
        " · newest "
        age(group.newestAt)
        " · up to \(PageText.count(group.mostAttempts, "try", "tries"))"
      }
      if let cause = group.cause, let remedy = group.remedy {
        HTML(.p, .class("meaning")) {
          HTML(.bdi) { bounded(cause, to: 400) }
          " "
          HTML(.bdi) { bounded(remedy, to: 400) }
        }
      }
      HTML(.dl, .class("samples")) {
        group.samples.map { sample in
          HTML(.div) {
            HTML(.dt) { excerpt(sample.item, atMost: 200) }
            HTML(.dd, .class("message")) { excerpt(sample.message, atMost: 300) }
          }
        }
      }
      more(group.letters - group.samples.count, "like these")
      HTML(.p, .class("when")) {
        HTML(.code) { command("replay", group) }
        " · "
        HTML(.code) { command("discard", group) }
        link("explained", to: picture.links.explanationOfLetters)
      }
    }
  }

  /// The command that does something with all letters of a group, to be copied.
  private func command(_ verb: String, _ group: LetterGroup) -> HTML {
    let instance = group.part.instance.isEmpty ? "" : " --instance \(shellWord(group.part.instance))"
    let words =
      "oneshot dead-letters \(verb) --job \(shellWord(group.part.job)) --kind \(shellWord(group.kind))\(instance)"
    return HTML(.bdi) { bounded(words, to: 400) }
  }

  var locks: HTML {
    section("locks", "Locks", picture.locks.total > 0 ? "\(PageText.count(picture.locks.total)) held" : nil) {
      if picture.locks.shown.isEmpty {
        HTML(.p, .class("none")) { "No lock is held." }
      } else {
        table("locks", ["lock", "held by", "since", "host", "lease"]) { picture.locks.shown.map { line($0) } }
        more(picture.locks.more, "locks", "`oneshot locks` lists all")
      }
    }
  }

  private func line(_ held: LockStanding) -> HTML {
    HTML(.tr) {
      HTML(.th, .scope("row")) { HTML(.bdi) { bounded(held.lock.name) } }
      if let run = held.run {
        HTML(.td) {
          name(run.part)
          HTML(.code, .class("id")) { run.id }
          switch held.verdict(at: picture.madeAt) {
          case .ended(let status): HTML(.span, .class("soft")) { "which has ended: \(status.rawValue)" }
          case .overdue:
            icon(.failed)
            HTML(.strong, .class("failed")) { "beyond its deadline" }
          case .working, .unknown, .foreign: HTML.empty
          }
        }
        HTML(.td) { age(run.startedAt) }
        HTML(.td) { HTML(.bdi) { bounded(run.host) } }
      } else {
        let holder = held.lock.holder
        HTML(.td, .class("message")) {
          excerpt(.init(text: holder, length: holder.unicodeScalars.count), atMost: 200)
          HTML(.span, .class("soft")) {
            held.verdict(at: picture.madeAt) == .foreign
              ? " (no run of ours)" : " (a run that this ledger does not know)"
          }
        }
        HTML(.td) { "–" }
        HTML(.td) { "–" }
      }
      HTML(.td) {
        if let left = held.lock.timeLeft {
          "ends in \(left.short) unless renewed"
        } else {
          icon(.failed)
          HTML(.strong, .class("failed")) { "has no end" }
        }
      }
    }
  }
}
