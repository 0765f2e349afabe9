import JobRuntime
import Operations

extension Receiver {
  static func pagerDuty(source: String, _ env: inout Environment) -> Receiver? {
    let key: String? = env.secret(
      "DOCTOR_PAGERDUTY_KEY", form: "text", isRequired: false,
      help: "The integration key of a PagerDuty service (Events API v2); needs the trait Delivery."
    ) { WebDelivery.isBuiltIn ? .success($0) : .failure(WebDelivery.isMissing) }
    let events = env.webAddress(
      "DOCTOR_PAGERDUTY_URL",
      help: "Where events go instead of https://events.pagerduty.com/v2/enqueue; needs the trait Delivery.")
    guard let key else {
      if events != nil { env.complain("DOCTOR_PAGERDUTY_URL", "is set without DOCTOR_PAGERDUTY_KEY") }
      return nil
    }
    let address = events ?? WebAddress("https://events.pagerduty.com/v2/enqueue")
    return address.map { pagerDuty($0, key: key, source: source) }
  }

  /// An event for each incident; what has the same `dedup_key` is one incident there, however often it is sent.
  ///
  /// Source: developer.pagerduty.com, "Events API v2", "Send an Alert Event".
  static func pagerDuty(_ address: WebAddress, key: String, source: String) -> Receiver {
    Receiver(
      name: "pagerduty", setting: "DOCTOR_PAGERDUTY_KEY", target: address.target, canGetEndAlone: true,
      messages: { notices in
        notices.map { notice in
          var members: [(String, JSON)] = [
            ("routing_key", .string(key)), ("event_action", notice.isOver ? "resolve" : "trigger"),
            ("dedup_key", .string("oneshot-\(notice.id)")),
          ]
          if !notice.isOver { members.append(("payload", payload(notice, source: source))) }
          return Message(body: JSON(members: members).text, notices: [notice])
        }
      }, outgoing: post(to: address))
  }

  /// A summary may have 1,024 characters.
  private static func payload(_ notice: Notice, source: String) -> JSON {
    let (source, part) = (oneLine(source, atMost: longestName), oneLine(notice.part, atMost: longestPart))
    return [
      "summary": .string("\(source): \(part): \(notice.kind): \(oneLine(notice.message))"), "source": .string(source),
      "severity": .string(notice.severity), "timestamp": .string(notice.since.rfc3339), "component": .string(part),
      "class": .string(notice.kind),
    ]
  }
}
