import JobRuntime

/// `--until` or `--for`: when something that somebody asks for ends by itself.
enum EndOption: Sendable {
  case moment(Timestamp)
  case after(Duration)

  /// - Parameters:
  ///   - what: what ends, for the message: "the pause".
  ///   - fallback: how long it lasts where neither is given; `nil` where one has to be.
  init(from arguments: inout Arguments, of what: String, otherwise fallback: Duration? = nil) {
    let until: Timestamp? = arguments.custom(
      "until", .text("TIME"), default: nil, help: "to this moment, such as 2025-11-09T06:00:00Z"
    ) { text in Timestamp(rfc3339: text).map { .success($0) } ?? .failure("is «\(text)», no moment of RFC 3339") }
    let length: Duration? = arguments.custom(
      "for", .text("DURATION"), default: fallback.map(DurationText.format), help: "so long from now, such as 2h"
    ) { text in
      DurationText.parse(text).map { .success($0) } ?? .failure("is «\(text)», not a duration such as 90s, 1h or 7d")
    }
    switch (until, length) {
    case (let until?, nil): self = .moment(until)
    case (nil, let length?): self = .after(length)
    case (nil, nil) where fallback != nil: self = .after(fallback ?? .zero)
    default:
      arguments.complain("give either --until or --for: \(what) has to end by itself")
      self = .after(.zero)
    }
  }

  func moment(at now: Timestamp) -> Timestamp {
    switch self {
    case .moment(let moment): moment
    case .after(let length): now + length
    }
  }
}

/// `--reason`: why, at most 500 characters, as the tables have it.
func reasonOption(from arguments: inout Arguments) -> String? {
  let reason = arguments.optionalText("reason", .text("TEXT"), help: "why, for whoever wonders")
  if let reason, reason.unicodeScalars.count > 500 { arguments.complain("--reason has more than 500 characters") }
  return reason
}

/// The failure of something whose end has passed.
func isOver(_ moment: Timestamp) -> JobFailure {
  JobFailure(
    .usage, "\(moment.rfc3339) is over by the database's clock", hint: "Nothing was changed. Give a later end.")
}
