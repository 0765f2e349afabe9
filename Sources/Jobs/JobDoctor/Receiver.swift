import JobRuntime
import Operations

/// Who is told of incidents, and in which form.
struct Receiver: Sendable {
  /// As it stands in `oneshot.incidents`.
  let name: String
  /// The setting that asked for it, and where it leads to, without secrets.
  let setting: String
  let target: String
  /// Where messages are posted to. A secret.
  let url: String
  /// Whether it may be told the end of what it was not told: then a crash between telling and noting leaves nothing open.
  let endsWhatWasNotTold: Bool
  /// Puts notices into messages.
  let messages: @Sendable ([Notice]) -> [Message]

  struct Message: Sendable, Equatable {
    var body: JSON
    var notices: [Notice]
  }

  private static let longestName = 100
  private static let longestPart = 200

  /// All that are asked for.
  static func all(source: String, _ env: inout Environment) -> [Receiver] {
    var receivers: [Receiver] = []
    if let address = env.webAddress(
      "DOCTOR_SLACK_URL", help: "An incoming webhook of Slack, or of what takes the same; needs the trait Delivery.")
    {
      receivers.append(slack(address, source: source))
    }
    let key: String? = env.secret(
      "DOCTOR_PAGERDUTY_KEY", form: "text", isRequired: false,
      help: "The integration key of a PagerDuty service (Events API v2); needs the trait Delivery."
    ) { WebDelivery.isBuiltIn ? .success($0) : .failure(WebDelivery.isMissing) }
    let events = env.webAddress(
      "DOCTOR_PAGERDUTY_URL",
      help: "Where events go instead of https://events.pagerduty.com/v2/enqueue; needs the trait Delivery.")
    if let key {
      if let address = events ?? WebAddress("https://events.pagerduty.com/v2/enqueue") {
        receivers.append(pagerDuty(address, key: key, source: source))
      }
    } else if events != nil {
      env.complain("DOCTOR_PAGERDUTY_URL", "is set without DOCTOR_PAGERDUTY_KEY")
    }
    return receivers
  }
}

// MARK: Slack

extension Receiver {
  /// One message for several incidents: a bad night is no flood.
  ///
  /// Source: api.slack.com, "Sending messages using incoming webhooks", "Formatting text for app surfaces".
  static func slack(_ address: WebAddress, source: String) -> Receiver {
    Receiver(
      name: "slack", setting: "DOCTOR_SLACK_URL", target: address.target, url: address.url(), endsWhatWasNotTold: false
    ) { notices in
      stride(from: 0, to: notices.count, by: 20).map { start in
        let some = Array(notices[start..<min(start + 20, notices.count)])
        return Message(
          body: ["text": .string(some.map { slackLine($0, source: source) }.joined(separator: "\n"))], notices: some)
      }
    }
  }

  private static func slackLine(_ notice: Notice, source: String) -> String {
    let place = "\(slackText(source, atMost: longestName)): \(slackText(notice.part, atMost: longestPart))"
    if notice.isOver {
      let still = notice.still.isEmpty ? "" : "; still \(notice.still)"
      return ":white_check_mark: \(place): \(notice.kind) is over\(slackText(still))"
    }
    return ":warning: \(place): *\(notice.kind)* since \(notice.since.rfc3339): \(slackText(notice.message))"
  }

  /// Slack reads `<!channel>`, `<@U1>` and links where «<» and «>» stand as they are; and «&» begins an entity.
  static func slackText(_ text: String, atMost longest: Int = 680) -> String {
    let line = oneLine(text, atMost: longest)
    return line.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }

  /// On one line, without what could turn or hide it, and no longer than it is read.
  static func oneLine(_ text: String, atMost longest: Int = 680) -> String {
    let scalars = text.unicodeScalars.prefix(longest + 1).map { scalar -> Unicode.Scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: " "
      case .format, .surrogate, .privateUse, .unassigned: "\u{FFFD}"
      default: scalar
      }
    }
    return String(String.UnicodeScalarView(scalars.prefix(longest))) + (scalars.count > longest ? "…" : "")
  }
}

// MARK: PagerDuty

extension Receiver {
  /// An event for each incident; what has the same `dedup_key` is one incident there, however often it is sent.
  ///
  /// Source: developer.pagerduty.com, "Events API v2", "Send an Alert Event".
  static func pagerDuty(_ address: WebAddress, key: String, source: String) -> Receiver {
    Receiver(
      name: "pagerduty", setting: "DOCTOR_PAGERDUTY_KEY", target: address.target, url: address.url(),
      endsWhatWasNotTold: true
    ) { notices in
      notices.map { notice in
        var members: [(String, JSON)] = [
          ("routing_key", .string(key)), ("event_action", notice.isOver ? "resolve" : "trigger"),
          ("dedup_key", .string("oneshot-\(notice.id)")),
        ]
        if !notice.isOver { members.append(("payload", payload(notice, source: source))) }
        return Message(body: JSON(members: members), notices: [notice])
      }
    }
  }

  /// A summary may have 1,024 letters.
  private static func payload(_ notice: Notice, source: String) -> JSON {
    let isError = Trouble.Kind(rawValue: notice.kind)?.isError ?? true
    let (source, part) = (oneLine(source, atMost: longestName), oneLine(notice.part, atMost: longestPart))
    return [
      "summary": .string("\(source): \(part): \(notice.kind): \(oneLine(notice.message))"), "source": .string(source),
      "severity": isError ? "error" : "warning", "timestamp": .string(notice.since.rfc3339), "component": .string(part),
      "class": .string(notice.kind),
    ]
  }
}
