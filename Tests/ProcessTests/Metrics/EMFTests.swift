import Foundation
import TestSupport
import Testing

/// `JOB_METRICS_EMF`, by the rules of CloudWatch's specification.
@Suite(.timeLimit(.minutes(10))) struct EMFTests {
  private let job = Binary("usage-aggregation")

  /// The rules as a JSON Schema, and what a schema cannot say: every name that is pointed to is there, a
  /// dimension as text and a metric as a number.
  ///
  /// Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
  private static let rules = """
    import json, sys, jsonschema
    name = {"type": "string", "minLength": 1, "maxLength": 1024}
    units = ["Seconds", "Milliseconds", "Microseconds", "Bytes", "Percent", "Count", "Count/Second", "None"]
    metric = {"type": "object", "required": ["Name"], "additionalProperties": False,
      "properties": {"Name": name, "Unit": {"enum": units}, "StorageResolution": {"enum": [1, 60]}}}
    directive = {"type": "object", "required": ["Namespace", "Dimensions", "Metrics"], "additionalProperties": False,
      "properties": {"Namespace": dict(name, pattern="^[^:].*$"), "Metrics": {"type": "array", "items": metric, "minItems": 1, "maxItems": 100},
        "Dimensions": {"type": "array", "minItems": 1, "items": {"type": "array", "maxItems": 30, "items": dict(name, maxLength=250)}}}}
    schema = {"type": "object", "required": ["_aws"], "properties": {"_aws": {"type": "object", "required": ["Timestamp", "CloudWatchMetrics"],
      "properties": {"Timestamp": {"type": "integer"}, "CloudWatchMetrics": {"type": "array", "items": directive, "minItems": 1}}}}}
    document = json.loads(sys.argv[1])
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document): print(error.message)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for dimension in sum(directive["Dimensions"], []):
            value = document.get(dimension)
            if not isinstance(value, str) or not 1 <= len(value) <= 1024: print("dimension", dimension, value)
        for metric in directive["Metrics"]:
            value = document.get(metric["Name"])
            if type(value) not in (int, float): print("metric", metric, value)
    names = [metric["Name"] for directive in document["_aws"]["CloudWatchMetrics"] for metric in directive["Metrics"]]
    if len(set(names)) != len(names): print("twice", names)
    """

  private func complaint(about line: String) async throws -> String {
    let outcome = try await Binary(path: "/usr/bin/python3").run(["-c", Self.rules, line])
    return outcome.output + outcome.errors
  }

  private func documents(_ run: Binary.Outcome) -> [String] {
    run.errors.split(separator: "\n").filter { $0.hasPrefix("{\"_aws\"") }.map { String($0) }
  }

  @Test func `what breaks the rules is told`() async throws {
    #expect(try await complaint(about: #"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]}}"#) != "")
    let line =
      #"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["d"]],"Metrics":[{"Name":"m"}]}]},"d":"x","m":1}"#
    #expect(try await complaint(about: line) == "")
    #expect(try await complaint(about: line.replacing(#""m":1"#, with: #""m":"1""#)) != "")
    #expect(try await complaint(about: line.replacing(#""d":"x""#, with: #""d":5"#)) != "")
  }

  @Test(arguments: ["json", "text"])
  func `one line of stderr is a document with all seven`(format: String) async throws {
    let place = try await Place()
    let settings = place.environment.merging(["JOB_METRICS_EMF": "true", "JOB_LOG_FORMAT": format]) { $1 }
    for shard in [[:], ["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "1"]] {
      let run = try await job.run([], settings.merging(shard) { $1 })
      #expect(run.exitCode == 0)
      let lines = documents(run)
      #expect(lines.count == 1 && run.errors.split(separator: "_aws", omittingEmptySubsequences: false).count == 2)
      let line = try #require(lines.first)
      #expect(try await complaint(about: line) == "")
      let document = ResultLine(text: line)
      #expect(document["job_name"].string == "usage-aggregation" && document["status"].string == "succeeded")
      #expect(document["shard"].string == shard["JOB_SHARD_INDEX"])
      #expect(document["job_runs_total"].int == 1 && document["job_health"].int == 1)
      #expect(document["_aws", "CloudWatchMetrics"].elements.map { $0["Metrics"].count }.reduce(0, +) == 7)
      let finished = try await place.value(
        "select max(floor(extract(epoch from started_at) * 1000)) from oneshot.job_runs")
      #expect((document["_aws", "Timestamp"].int ?? 0) >= (Int(finished) ?? .max))
    }
  }

  @Test func `a run that knows no totals still tells the rest by the rules`() async throws {
    let place = try await Place()
    let settings = ["JOB_METRICS_EMF": "true", "REDIS_URL": "unix:///nowhere/s", "JOB_ATTEMPTS": "1"]
    let run = try await job.run([], place.environment.merging(settings) { $1 })
    #expect(run.exitCode == 69)
    let line = try #require(documents(run).first)
    #expect(try await complaint(about: line) == "")
    #expect(ResultLine(text: line)["job_health"].int == 0 && !ResultLine(text: line)["job_runs_total"].isThere)
  }

  @Test func `without the setting there is no such line`() async throws {
    let place = try await Place()
    #expect(documents(try await job.run([], place.environment)).isEmpty)
  }
}
