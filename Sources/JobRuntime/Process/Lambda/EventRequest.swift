import JSONReading

/// What an event requests of the run: arguments, and settings for this event alone.
///
/// Whoever may invoke the function may choose the work, and no more: not where data is, what runs, or as whom.
struct EventRequest: Equatable {
  var arguments: [String] = []
  var variables: [String: String] = [:]

  private static let longest = 1 << 20
  private static let deepest = 32
  /// The most bytes of a value.
  ///
  /// Linux takes at most 128 KiB for a variable with its name, and starts nothing with more.
  private static let longestValue = 100_000
  /// What EventBridge writes itself, and what our schedules make it write.
  private static let ofRule: Set = [
    "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
  ]
  private static let ofSchedule: Set = ["scheduled_at", "execution_id", "attempt"]
  private static let ours: Set = ["environment", "arguments"]
  private static let requests: [JobRequest] = [.check, .plan]

  static let known =
    #"Known are an event of an EventBridge rule with a schedule, {"scheduled_at": …, "execution_id": …, "attempt": …} of EventBridge Scheduler, {"environment": {"NAME": "value"}}, {"arguments": ["--check"]} or ["--plan"], and {}."#

  /// - Parameters:
  ///   - body: the event; nothing is like `{}`.
  ///   - names: the settings that an event may set.
  /// - Throws: for an event of another form. A message that somebody else sends must not start a run by accident.
  init(_ body: [UInt8], maySet names: [String]) throws(JobFailure) {
    guard body.count <= Self.longest else { throw Self.refusal("has \(body.count) bytes, more than \(Self.longest)") }
    if body.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) { return }
    guard let event = JSONValue(json: body, depth: Self.deepest) else { throw Self.refusal("is not JSON") }
    if event == .null { return }
    guard case .object(let members) = event else { throw Self.refusal("is not an object") }
    try take(members, maySet: names)
  }

  private mutating func take(_ members: [JSONValue.Member], maySet names: [String]) throws(JobFailure) {
    let given = Set(members.map(\.name))
    guard given.count == members.count else { throw Self.refusal("has a member twice") }
    let known = Self.ofRule.union(Self.ofSchedule).union(Self.ours)
    if let other = members.first(where: { !known.contains($0.name) }) {
      throw Self.refusal("has a member «\(Self.shown(other.name))»")
    }
    let event = JSONValue.object(members)
    if !given.isDisjoint(with: Self.ofRule) {
      guard event["detail-type"]?.text == "Scheduled Event", event["time"]?.text != nil else {
        throw Self.refusal("is no event of a schedule: its detail-type is not «Scheduled Event», or it has no time")
      }
      guard event["scheduled_at"] == nil else { throw Self.refusal("says twice what it is for, time and scheduled_at") }
      if let id = event["id"] { variables["JOB_EXECUTION_ID"] = try Self.value(id, of: "id") }
    }
    for name in ["time", "scheduled_at"] {
      if let time = event[name] { variables["JOB_SCHEDULED_AT"] = try Self.value(time, of: name) }
    }
    if let id = event["execution_id"] {
      let attempt = try event["attempt"].map { value throws(JobFailure) in try Self.value(value, of: "attempt") }
      variables["JOB_EXECUTION_ID"] = try Self.value(id, of: "execution_id") + (attempt.map { "/\($0)" } ?? "")
    }
    if let settings = event["environment"] { try takeSettings(settings, maySet: names) }
    if let words = event["arguments"] { try takeArguments(words) }
  }

  private mutating func takeSettings(_ settings: JSONValue, maySet names: [String]) throws(JobFailure) {
    guard case .object(let members) = settings else { throw Self.refusal("has an environment that is not an object") }
    guard Set(members.map(\.name)).count == members.count else { throw Self.refusal("has a setting twice") }
    for member in members {
      guard names.contains(member.name) else {
        throw JobFailure(
          .usage, "the event sets \(Self.shown(member.name)), which an event may not set",
          hint: "It may set \(names.joined(separator: ", ")). All others are the function's own.")
      }
      variables[member.name] = try Self.value(member.value, of: member.name)
    }
  }

  private mutating func takeArguments(_ words: JSONValue) throws(JobFailure) {
    let allowed = Self.requests.map { "--\($0.rawValue)" }
    guard case .list(let list) = words, list.count <= 1, list.allSatisfy({ allowed.contains($0.text ?? "") }) else {
      throw JobFailure(.usage, "the event's arguments are not one of \(allowed.joined(separator: ", "))")
    }
    arguments = list.compactMap(\.text)
  }

  /// A value as it stands in the environment.
  private static func value(_ value: JSONValue, of name: String) throws(JobFailure) -> String {
    let text =
      switch value {
      case .string(let text) where !text.utf8.contains(0): text
      case .number(let text): text
      case .bool(let isTrue): "\(isTrue)"
      default: throw refusal("has a value of \(name) that is not a text, a number, true or false")
      }
    guard text.utf8.count <= longestValue else {
      throw refusal("has a value of \(name) with \(text.utf8.count) bytes, more than \(longestValue)")
    }
    return text
  }

  private static func refusal(_ complaint: String) -> JobFailure {
    JobFailure(.usage, "the event \(complaint); nothing was started", hint: known)
  }

  private static func shown(_ name: String) -> String { printable(name.shortened(to: 100)) }
}
