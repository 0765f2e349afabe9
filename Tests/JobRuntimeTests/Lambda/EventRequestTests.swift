import Testing

@testable import JobRuntime

/// Which events start a run, and with which settings.
@Suite struct EventRequestTests {
  private static let names = ["USAGE_DAYS", "JOB_FORCE"]

  private func read(_ event: String) throws(JobFailure) -> EventRequest {
    try EventRequest(Array(event.utf8), maySet: Self.names)
  }

  private static let rule = """
    {"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
     "source": "aws.events", "account": "123456789012", "time": "2025-11-01T02:00:00Z", "region": "us-east-1",
     "resources": ["arn:aws:events:us-east-1:123456789012:rule/hourly"], "detail": {}}
    """

  @Test(arguments: ["", " \n", "{}", "null"])
  func `nothing is a plain run`(event: String) throws { #expect(try read(event) == EventRequest([], maySet: [])) }

  @Test func `a rule's event is for its time`() throws {
    let request = try read(Self.rule)
    #expect(
      request.variables == [
        "JOB_SCHEDULED_AT": "2025-11-01T02:00:00Z", "JOB_EXECUTION_ID": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
      ])
    #expect(request.arguments.isEmpty)
  }

  @Test func `the scheduler's input is for its time, with the attempt for the log`() throws {
    let event = #"{"scheduled_at": "2025-11-01T02:00:00Z", "execution_id": "d32c5kddcf5bb8c3", "attempt": "2"}"#
    #expect(
      try read(event).variables == [
        "JOB_SCHEDULED_AT": "2025-11-01T02:00:00Z", "JOB_EXECUTION_ID": "d32c5kddcf5bb8c3/2",
      ])
  }

  @Test func `settings of this event, as texts, numbers and switches, with a time or without`() throws {
    let event = #"{"scheduled_at": "2025-11-01T02:00:00Z", "environment": {"USAGE_DAYS": "a, b", "JOB_FORCE": true}}"#
    #expect(
      try read(event).variables == [
        "JOB_SCHEDULED_AT": "2025-11-01T02:00:00Z", "USAGE_DAYS": "a, b", "JOB_FORCE": "true",
      ])
    #expect(try read(#"{"environment": {"USAGE_DAYS": 1e3}}"#).variables == ["USAGE_DAYS": "1e3"])
  }

  @Test func `the two requests that an event may make`() throws {
    #expect(try read(#"{"arguments": ["--check"]}"#).arguments == ["--check"])
    #expect(try read(#"{"arguments": ["--plan"]}"#).arguments == ["--plan"])
    #expect(try read(#"{"arguments": []}"#).arguments == [])
  }

  @Test(arguments: [
    "[]", "1", "\"x\"", "not json", "{", #"{"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}"#,
    #"{"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "x"}}]}"#,
    #"{"version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}}"#,
    #"{"order": 17, "environment": {"JOB_FORCE": true}}"#, #"{"Environment": {"JOB_FORCE": true}}"#,
    #"{"environment": []}"#, #"{"environment": {"USAGE_DAYS": null}}"#, #"{"environment": {"USAGE_DAYS": ["a"]}}"#,
    #"{"environment": {"USAGE_DAYS": "a\u0000b"}}"#, #"{"environment": {"JOB_FORCE": true, "JOB_FORCE": false}}"#,
    #"{"environment": {}, "environment": {"JOB_FORCE": true}}"#, #"{"scheduled_at": {}}"#,
    #"{"arguments": "--check"}"#, #"{"arguments": ["--help"]}"#, #"{"arguments": ["--check", "--plan"]}"#,
    #"{"arguments": [1]}"#, #"{"time": "2025-11-01T02:00:00Z"}"#,
    #"{"detail-type": "EC2 Instance State-change Notification", "time": "2025-11-01T02:00:00Z"}"#,
    #"{"detail-type": "Scheduled Event"}"#,
    #"{"detail-type": "Scheduled Event", "time": "2025-11-01T02:00:00Z", "scheduled_at": "2025-11-01T02:00:00Z"}"#,
  ])
  func `anything else starts nothing`(event: String) {
    let failure = #expect(throws: JobFailure.self) { try read(event) }
    #expect(failure?.kind == .usage)
  }

  @Test(arguments: [
    "DATABASE_URL", "DATABASE_URL_FILE", "REDIS_URL", "JOB_RESULT_FILE", "JOB_SCHEDULED_AT", "JOB_TIMEOUT",
    "LD_PRELOAD", "AWS_LAMBDA_RUNTIME_API", "usage_days", "",
  ])
  func `a setting that an event may not set is refused by name, without its value`(name: String) {
    let failure = #expect(throws: JobFailure.self) { try read(#"{"environment": {"\#(name)": "hunter2"}}"#) }
    #expect(failure?.kind == .usage)
    #expect(failure?.message.contains("sets \(name),") == true && failure?.hint?.contains("USAGE_DAYS") == true)
    #expect(failure?.description.contains("hunter2") == false)
  }

  @Test func `a megabyte is read, and more is refused unread`() throws {
    func event(_ bytes: Int) -> String {
      let text = #"{"environment":{"USAGE_DAYS":"a"}}"#
      return text + String(repeating: " ", count: bytes - text.utf8.count)
    }
    #expect(try read(event(1 << 20)).variables == ["USAGE_DAYS": "a"])
    #expect(throws: JobFailure.self) { try read(event(1 << 20 + 1)) }
  }

  @Test(arguments: ["USAGE_DAYS", "scheduled_at", "execution_id"])
  func `a value that no process can be started with is refused`(name: String) throws {
    func event(_ count: Int) -> String {
      let value = String(repeating: "x", count: count)
      return name == "USAGE_DAYS"
        ? #"{"environment": {"USAGE_DAYS": "\#(value)"}}"# : #"{"\#(name)": "\#(value)"}"#
    }
    #expect(try read(event(100_000)).variables.values.first?.utf8.count == 100_000)
    let failure = #expect(throws: JobFailure.self) { try read(event(100_001)) }
    #expect(failure?.kind == .usage && failure?.message.contains(name) == true)
  }

  @Test func `what selects the work or is of a closed kind may be set, and no secret, path or expression`() {
    struct Mixed: JobSettings {
      init(from env: inout Environment) {
        _ = env.int("A_NUMBER", default: 1, in: 1...9, help: "n")
        _ = env.bool("A_SWITCH", default: false, help: "s")
        _ = env.duration("A_TIME", default: .seconds(1), help: "t")
        _ = env.choice("A_CHOICE", default: Log.Level.info, help: "c")
        _ = env.string("A_SELECTION", default: "x", help: "w", selects: .work(as: "w"))
        _ = env.string("A_TEXT", default: "x", help: "w")
        _ = env.optionalPath("A_PATH", help: "p")
        _ = env.custom(
          "A_FOLDER", form: "path", default: nil, help: "p", selects: .work(as: "p"), written: { [$0] }
        ) { .success($0) }
        let secret: String? = env.secret("A_SECRET", form: "text", isRequired: false, help: "s") { .success($0) }
        _ = secret
        _ = env.string("AN_EXPRESSION", default: "x", help: "w", selects: .work(as: "e"))
        env.reserveForInstallers("AN_EXPRESSION")
      }
    }
    var env = Environment([:])
    _ = Mixed(from: &env)
    let names = env.declarations.filter(\.isForEvents).map(\.name)
    #expect(names == ["A_NUMBER", "A_SWITCH", "A_TIME", "A_CHOICE", "A_SELECTION"])
  }
}
