import JobRuntime

extension Receiver {
  static func slack(source: String, _ env: inout Environment) -> Receiver? {
    env.webAddress(
      "DOCTOR_SLACK_URL",
      help: "An incoming webhook of Slack, or of a service that takes the same; needs the trait Delivery."
    ).map { slack($0, source: source) }
  }

  /// One message for several incidents: a bad night is no flood.
  ///
  /// Source: api.slack.com, "Sending messages using incoming webhooks", "Formatting text for app surfaces".
  static func slack(_ address: WebAddress, source: String) -> Receiver {
    Receiver(
      name: "slack", setting: "DOCTOR_SLACK_URL", target: address.target,
      messages: { notices in
        groups(notices, of: 20).map { some in
          let lines = some.map { slackLine($0, source: source) }.joined(separator: "\n")
          let body: JSON = ["text": .string(lines)]
          return Message(body: body.text, notices: some)
        }
      }, outgoing: post(to: address))
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
}
