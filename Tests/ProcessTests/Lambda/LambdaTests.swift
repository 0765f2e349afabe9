import Foundation
import Redis
import TestSupport
import Testing

/// The real binary under AWS' own emulator: which event starts which run, and what the caller gets.
@Suite(.timeLimit(.minutes(10)), .enabled(if: LambdaEmulator.isThere)) struct LambdaTests {
  private func function(
    _ place: Place, _ settings: [String: String] = [:], timeout: Int = 900
  ) async throws -> LambdaEmulator {
    try await LambdaEmulator(
      [Binary("usage-aggregation").url.path, "handler"], place.environment.merging(settings) { $1 }, timeout: timeout)
  }

  @Test func `an event of a rule is a run for its time, and the same event again does nothing`() async throws {
    let place = try await Place()
    try await place.redis(all: [RedisCommand("SET", "usage:acme:2025-11-07:api_calls", "12")])
    let lambda = try await function(place)
    let event = """
      {"version": "0", "id": "53dc4d37", "detail-type": "Scheduled Event", "source": "aws.events", "account": "1",
       "time": "2025-11-08T02:00:00Z", "region": "eu-central-1", "resources": [], "detail": {}}
      """
    let first = try await lambda.invoke(event)
    #expect(first.status == 200 && first.json["statusCode"].int == 200)
    #expect(first.result["status"].string == "succeeded" && first.result["counts", "inserted"].int == 1)
    #expect(first.result["scheduled_at"].string == "2025-11-08T02:00:00Z")
    let again = try await lambda.invoke(
      #"{"scheduled_at": "2025-11-08T02:00:00Z", "execution_id": "e", "attempt": "2"}"#)
    #expect(again.json["statusCode"].int == 200 && again.result["reason"].string == "already_done")
    let forced = try await lambda.invoke(
      #"{"scheduled_at": "2025-11-08T02:00:00Z", "environment": {"JOB_FORCE": true, "USAGE_DAYS": "2025-11-07"}}"#)
    #expect(forced.result["status"].string == "succeeded" && forced.result["counts", "unchanged"].int == 1)
    #expect(try await place.value("select count(*) from oneshot.job_runs") == "2")
  }

  @Test func `nothing, a plan and a check are what they are everywhere`() async throws {
    let place = try await Place()
    try await place.redis(all: [RedisCommand("SET", "usage:acme:2025-11-07:api_calls", "12")])
    let lambda = try await function(place)
    let plan = try await lambda.invoke(#"{"arguments": ["--plan"], "scheduled_at": "2025-11-08T02:00:00Z"}"#)
    #expect(plan.result["dry_run"].bool == true && plan.result["status"].string == "succeeded")
    #expect(try await place.value("select count(*) from merchant_usage") == "0")
    #expect(try await lambda.invoke(#"{"arguments": ["--check"]}"#).result["status"].string == "succeeded")
    let plain = try await lambda.invoke("")
    #expect(plain.result["status"].string == "succeeded" && plain.result["scheduled_by"].string == "clock")
  }

  @Test func `what is none of our events starts nothing, be it six megabytes`() async throws {
    let place = try await Place()
    let lambda = try await function(place)
    let deep = String(repeating: #"{"a":["#, count: 170_000)
    let wide = #"{"environment":{"# + (0..<60_000).map { #""N\#($0)":"x""# }.joined(separator: ",") + "}}"
    let secret = #"{"environment": {"REDIS_URL": "redis://10.0.0.1"}}"#
    let large = #"{"order": "\#(String(repeating: "x", count: 6_000_000))"}"#
    let value = #"{"environment": {"USAGE_DAYS": "\#(String(repeating: "1", count: 200_000))"}}"#
    for event in ["not json", "[]", #"{"Records": []}"#, secret, deep, wide, large, value] {
      let answer = try await lambda.invoke(event)
      #expect(answer.json["errorType"].string == "Job.usage" && answer.json["statusCode"].int == 500)
      #expect(answer.json["errorMessage"].string?.contains("event") == true)
      #expect(!answer.text.contains("10.0.0.1"))
    }
    #expect(try await place.value("select count(*) from oneshot.job_runs") == "0")
    #expect(try await lambda.invoke().result["status"].string == "succeeded", "and the next event is a run")
  }

  @Test func `each way to fail is an error of the function, by its kind`() async throws {
    let place = try await Place()
    let unreachable = ["DATABASE_URL": "postgresql://127.0.0.1:1/x", "JOB_ATTEMPTS": "1"]
    let cases: [(settings: [String: String], event: String, type: String)] = [
      (unreachable, "{}", "Job.unavailable"),
      ([:], #"{"environment": {"USAGE_DAYS": "someday"}}"#, "Job.misconfigured"),
      (["JOB_TIMEOUT": "soon"], "{}", "Job.misconfigured"), (["LAMBDA_FAILURES": "ignore"], "{}", "Job.misconfigured"),
      ([:], #"{"scheduled_at": "<aws.scheduler.scheduled-time>"}"#, "Job.misconfigured"),
      (["REDIS_URL": place.redisURL.replacing("unix://", with: "unix://stranger:wrong@")], "{}", "Job.denied"),
    ]
    for (settings, event, type) in cases {
      let answer = try await function(place, settings).invoke(event)
      #expect(answer.json["errorType"].string == type, "\(answer.text)")
      #expect(answer.result["status"].string == "failed" && answer.json["statusCode"].int == 500)
    }
    let words = [Binary("usage-aggregation").url.path, "handler", "--wrong"]
    let usage = try await LambdaEmulator(words, place.environment).invoke()
    #expect(usage.json["errorType"].string == "Job.usage" && usage.result["exit_code"].int == 64, "\(usage.text)")
    try await place.redis("SET", "usage:acme:2025-11-07:api_calls", "not a number")
    let partial = try await function(place).invoke(#"{"scheduled_at": "2025-11-08T02:00:00Z"}"#)
    #expect(partial.json["errorType"].string == "Job.partial" && partial.result["exit_code"].int == 65)
  }

  @Test func `callers that wait get a failure as an answer`() async throws {
    let settings = ["LAMBDA_FAILURES": "response", "DATABASE_URL": "postgresql://127.0.0.1:1/x", "JOB_ATTEMPTS": "1"]
    let answer = try await function(Place(), settings).invoke()
    #expect(answer.status == 200 && answer.json["statusCode"].int == 500)
    #expect(answer.result["error", "kind"].string == "unavailable")
  }

  @Test func `a function with too short a timeout contacts nothing, and says how long it has to be`() async throws {
    let place = try await Place()
    let answer = try await function(place, timeout: 12).invoke()
    #expect(answer.json["errorType"].string == "Job.deadline" && answer.json["body"].string == "")
    #expect(answer.json["errorMessage"].string?.contains("must be 15 s or more") == true)
    #expect(try await place.value("select count(*) from oneshot.job_runs") == "0")
  }

  @Test func `the run's deadline is the function's, less the time to end`() async throws {
    let place = try await Place()
    // A statement waits for a lock that nobody lets go.
    let blocker = try await OpenTransaction(in: place, "lock table oneshot.usage_days in access exclusive mode")
    let lambda = try await function(place, timeout: 20)
    let answer = try await lambda.invoke()
    #expect(answer.json["errorType"].string == "Job.deadline", "\(answer.text)")
    #expect(answer.result["exit_code"].int == 75, "the run ended by itself, before Lambda ended it")
    try await blocker.rollBack()
    #expect(try await lambda.invoke().result["status"].string == "succeeded")
  }
}
