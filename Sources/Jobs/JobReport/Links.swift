import JobRuntime
import Operations

/// Where the page leads to, outside of itself: to logs, and to what a failure means.
///
/// Without settings, nowhere.
struct Links: Sendable {
  /// A URL with `{job}`, `{run}` and so on in it.
  let logs: LinkTemplate?
  /// The URL of docs/when-things-go-wrong.md.
  let help: LinkTemplate?

  init(from env: inout Environment) {
    logs = env.custom(
      "REPORT_LOGS_URL", form: "https://…{run}…", default: nil,
      help:
        "Where a run's log is, linked beside what failed; {job}, {variant}, {instance}, {run} and {from} (when it started) are filled in."
    ) { LinkTemplate.parse($0, holding: LinkTemplate.Hole.allCases) }
    help = env.custom(
      "REPORT_HELP_URL", form: "https://…/when-things-go-wrong.md", default: nil,
      help: "Where you show docs/when-things-go-wrong.md, linked beside what failed."
    ) { LinkTemplate.parse($0, holding: []) }
  }

  /// The log of the newest run of a group.
  func log(of group: FailureGroup) -> String? {
    logs?.filled([
      .job: group.part.job, .variant: group.part.variant, .instance: group.part.instance, .run: group.runID,
      .from: group.newestAt.rfc3339,
    ])
  }

  /// What a failure, or a dead letter, means.
  func explanation(ofFailure kind: String) -> String? { help.map { $0.filled([:]) + "#" + Self.heading(of: kind) } }

  var explanationOfLetters: String? { help.map { $0.filled([:]) + "#65-partial" } }

  /// The heading of docs/when-things-go-wrong.md for a kind, as GitHub and GitLab name it.
  static func heading(of kind: String) -> String {
    switch FailureKind(rawValue: kind)?.exitCode {
    case 64: "64-usage"
    case 69: "69-unavailable"
    case 75: "75-leadership-or-time-lost"
    case 77: "77-denied"
    case 78: "78-misconfigured"
    case 70?: "70-internal"
    default:
      switch kind {
      case "partial": "65-partial"
      case "interrupted": "130-143-interrupted"
      case "abandoned": "137-or-no-result-line"
      default: "when-things-go-wrong"
      }
    }
  }
}

/// A URL with holes.
struct LinkTemplate: Sendable {
  enum Hole: String, CaseIterable {
    case job, variant, instance, run, from
  }

  private let text: String

  /// - Parameter holes: those that it may have.
  static func parse(_ text: String, holding holes: [Hole]) -> Environment.Parsed<LinkTemplate> {
    // Nothing else may be a link: javascript: would be a script.
    guard ["https://", "http://"].contains(where: text.lowercased().hasPrefix), text.utf8.allSatisfy(isPrintable) else {
      return .failure("is no URL that begins with https:// or http://")
    }
    for piece in text.split(separator: "{").dropFirst(text.hasPrefix("{") ? 0 : 1) {
      let name = String(piece.prefix { $0 != "}" })
      guard holes.contains(where: { $0.rawValue == name }) else {
        let known = holes.map { "{\($0.rawValue)}" }.joined(separator: ", ")
        return .failure("holds {\(name)}, which is \(known.isEmpty ? "not filled in" : "none of \(known)")")
      }
    }
    return .success(LinkTemplate(text: text))
  }

  private static func isPrintable(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }

  /// With the values in the holes: each is one piece of the URL, whatever it contains.
  func filled(_ values: [Hole: String]) -> String {
    values.reduce(text) { $0.replacing("{\($1.key.rawValue)}", with: Self.encoded($1.value)) }
  }

  private static func encoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
        result.unicodeScalars.append(UnicodeScalar(byte))
      default: result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
      }
    }
  }
}
