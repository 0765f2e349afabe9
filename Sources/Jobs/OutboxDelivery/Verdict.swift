import JobRuntime

/// What came of an attempt, and what follows from it.
struct Verdict: Sendable {
  /// What becomes of the message.
  enum Fate: Sendable, Equatable {
    case sent
    /// By the schedule of its attempts, of which this one was one.
    case retried
    /// As if nothing had happened: the attempt was none.
    case returned(after: Duration)
    /// A person decides.
    case held
    case failed(LetterKind)
    case cancelled
  }

  /// What it says of the target.
  enum Consequence: Sendable, Equatable {
    case none
    case works
    case fails
    case closed(for: Duration)
    /// The endpoint wants no more.
    case gone
  }

  var fate: Fate
  /// As `oneshot.delivery_attempts` has it.
  var outcome: String
  var code: Int?
  /// What the relay or the endpoint said, for the message's row.
  var text = ""
  /// Why it failed, for all that outlives the row or leaves it: dead letters, targets, results.
  ///
  /// An endpoint's answer is not in it: it may repeat the data that it was sent.
  var reason = ""
  var isDoubt = false
  var isBounce = false
  /// What it says of the endpoint, or of the recipient's domain.
  var target = Consequence.none
  /// What it says of the relay.
  var relay = Consequence.none
  /// Why the run ends: what no message is to blame for.
  var failure: JobFailure?
}

// MARK: Mail

extension Verdict {
  /// Judges a relay's reply (RFC 5321, 4.2; RFC 3463).
  ///
  /// - Parameter relay: its name, for failures.
  init(_ reply: MailReply, to recipient: String, holdsOnDoubt: Bool, relay: String) {
    let code = reply.code ?? 0
    let said = ForeignText.shown(reply.text, hiding: recipient)
    switch reply.ending {
    case .accepted:
      self.init(fate: .sent, outcome: "sent", target: .works, relay: .works)
    case _ where reply.isInDoubt:
      self.init(
        fate: holdsOnDoubt ? .held : .retried, outcome: "doubt", isDoubt: true,
        // A stop of the run says nothing about the relay.
        relay: reply.ending == .stopped ? .none : .fails)
      text = "no reply to the end of the mail: \(Self.reason(reply))"
    case .stopped:
      self.init(fate: .returned(after: .zero), outcome: "stopped")
    case .untrusted(let reason):
      self.init(fate: .returned(after: .zero), outcome: "untrusted")
      failure = JobFailure(
        .misconfigured, "the relay \(relay) cannot be trusted: \(reason)",
        hint:
          "Nothing was sent. MAIL_CA_FILE names the authority of its certificate, and the certificate has to name the host of MAIL_URL."
      )
    case .lost(let reason):
      self.init(fate: .returned(after: Self.pause), outcome: "lost", relay: .fails)
      text = reason
    case .refused where [530, 534, 535, 538].contains(code) || (reply.step == .login && code >= 500):
      self.init(fate: .returned(after: .zero), outcome: "denied")
      failure = JobFailure(
        .denied, "the relay \(relay) refuses the login (\(code))", hint: "Check user and password in MAIL_URL.")
    case .refused where code == 421 && reply.step == .content:
      // It has seen all of the mail: one that makes it hang up each time runs out of attempts, too.
      self.init(fate: .retried, outcome: "transient", relay: .fails)
    case .refused where reply.step < .sender || code == 421 || (reply.step == .sender && code < 500):
      self.init(fate: .returned(after: Self.pause), outcome: "lost", relay: .fails)
    case .refused where Self.isMisunderstood(code) && reply.step != .recipient && reply.step != .content:
      self.init(fate: .returned(after: .zero), outcome: "misunderstood")
      failure = JobFailure(
        .internal, "the relay \(relay) does not understand the job (\(code) \(said))",
        hint: "This is a defect of the job or of the relay; nothing is counted against the message.")
    case .refused where reply.step == .sender:
      self.init(fate: .returned(after: .zero), outcome: "sender")
      failure = JobFailure(
        .misconfigured, "the relay \(relay) refuses the sender (\(code) \(said))",
        hint: "Correct MAIL_FROM, or let the relay send for that address.")
    case .refused where code < 500:
      self.init(fate: .retried, outcome: "transient", relay: .works)
      if Self.namesRate(reply.text) { target = .closed(for: .minutes(5)) }
    case .refused:
      let isBounce = reply.step == .recipient && [550, 551, 553].contains(code) && Self.isOfAddress(reply.text)
      self.init(fate: .failed(isBounce ? .bounced : .refused), outcome: "refused", isBounce: isBounce)
      // A full mailbox and an address that does not exist are the recipient's, where the relay says so; all else may be
      // about the sender.
      let kind = Self.enhanced(reply.text)
      self.relay = code == 552 || kind == "5.2.2" || (isBounce && kind != nil) ? .works : .none
    }
    self.code = reply.code
    if text.isEmpty { text = said }
    reason = [self.code.map { "\($0)" }, text].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// To the recipient or the mail such a code is about these: Postfix answers a domain that it does not like with 504.
  private static func isMisunderstood(_ code: Int) -> Bool { (500...504).contains(code) || code == 555 }

  /// A message that a relay has not looked at goes behind all that are due now, so that none keeps the others back by
  /// always being the first.
  private static let pause = Duration.seconds(30)

  private static func reason(_ reply: MailReply) -> String {
    if case .lost(let reason) = reply.ending { reason } else { "the run was stopped" }
  }

  private static func namesRate(_ text: String) -> Bool {
    let text = text.lowercased()
    return ["rate", "too many", "throttl"].contains { text.contains($0) }
  }

  /// The code of RFC 3463 that a reply begins with.
  private static func enhanced(_ text: String) -> String? {
    let word = text.prefix { $0 != " " }
    let parts = word.split(separator: ".")
    return parts.count == 3 && parts.allSatisfy({ Int($0) != nil }) ? String(word) : nil
  }

  /// Whether a refusal says that the address does not exist.
  ///
  /// Without a code of RFC 3463 its words decide: Exim refuses a client that may not relay with «550 relay not
  /// permitted», which says nothing about the address.
  private static func isOfAddress(_ text: String) -> Bool {
    if let code = enhanced(text) { return code.hasPrefix("5.1.") && code != "5.1.7" && code != "5.1.8" }
    let text = text.lowercased()
    return ![
      "relay", "sender", "authenti", "permit", "denied", "polic", "spf", "dkim", "dmarc", "spam", "reputation", "block",
      "black", "reject", "listed", "verif",
    ].contains { text.contains($0) }
  }
}

// MARK: Webhooks

extension Verdict {
  /// Judges an endpoint's answer.
  ///
  /// - Parameter wasStopped: whether the run did not wait for it.
  init(_ reply: WebReply, wasStopped: Bool) {
    if let fault = reply.fault {
      switch fault {
      case .url:
        self.init(fate: .failed(.endpoint), outcome: "unsendable")
        text = "the URL of its endpoint cannot be read"
      case .authorities:
        self.init(fate: .returned(after: .zero), outcome: "untrusted")
        failure = JobFailure(
          .misconfigured, "WEBHOOK_CA_FILE cannot be used: \(reply.failure ?? "")",
          hint: "Nothing was sent, and nothing is counted against the endpoints. It names authorities in PEM form.")
      }
      reason = text
      return
    }
    guard let status = reply.status else {
      if wasStopped {
        self.init(fate: .returned(after: .zero), outcome: "doubt", isDoubt: true)
      } else {
        self.init(fate: .retried, outcome: "failed", target: .fails)
      }
      text = reply.failure ?? ""
      reason = text
      return
    }
    switch status {
    case 200..<300: self.init(fate: .sent, outcome: "sent", target: .works)
    case 410: self.init(fate: .cancelled, outcome: "gone", target: .gone)
    default:
      self.init(fate: .retried, outcome: "failed", target: .fails)
      let wanted = reply.retryAfter.flatMap { Int($0) }.map { Duration.seconds(min(max($0, 1), 86_400)) }
      if wanted != nil || [429, 502, 503, 504].contains(status) { target = .closed(for: wanted ?? .minutes(1)) }
    }
    code = status
    text = ForeignText.shown(String(decoding: reply.body, as: UTF8.self), limit: 200)
    reason = "it answered \(status)"
  }
}
