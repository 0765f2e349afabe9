import JobRuntime
import Postgres
import TestSupport
import Testing

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let moment = try #require(Timestamp(rfc3339: "2025-11-08T02:00:00Z"))
    var golden = GoldenStatements(
      "job-report",
      [
        "since": moment - .days(90), "now": moment, "own": "01a228a9-1ce6-7a5b-af9a-758367ac1df3",
        "doctor": "job-doctor", "limit": 200, "cell": 86_400.0, "cells": 90, "jobs": ["reindex"], "variants": [""],
        "shards": [0], "samples": 3, "instances": [""], "servers": [""], "scope": [""], "is_excluding": true,
      ])
    try golden.add(folder: "Jobs/JobReport", except: [])
    try await golden.check(in: Place())
  }
}
