import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import Operations

/// What the operator's command and the watching jobs say to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let moment = try #require(Timestamp(rfc3339: "2025-11-08T02:00:00Z"))
    let id = "01a228a9-1ce6-7a5b-af9a-758367ac1df3"
    var golden = GoldenStatements(
      "operations",
      [
        "job": "reindex", "variant": "changed", "status": "failed", "since": moment - .days(7),
        "remembered": moment - .days(90), "until": moment,
        "limit": 20, "lowest": id, "highest": id, "ids": [id], "shard": 0, "shard_count": 1, "scheduled_at": moment,
        "scheduled_by": "setting", "run_id": id, "expected": ["reindex"], "newest": 20, "successes": 3, "instance": "",
        "server": "",
        "type": "feed.liked", "source": "redis:events:job", "id": "e1", "token": 7, "batch": 1000,
        "item": "asset/7", "entry": 17, "state": "approved", "who": "ann", "note": "a tester", "only_held": false,
        "channel": "email", "address": "Ada@example.org", "category": "*", "from": ["held"], "to": "queued",
        "delivery": id, "role": "jobs", "tables": ["oneshot.job_runs", "oneshot.job_runs"],
        "privileges": ["select", "update"],
        "columns": ["", "status"], "functions": ["oneshot.search_flush()"],
        "digest": String(repeating: "0f", count: 32),
      ])
    let holed = ["restored_ahead", "restored_renumber"]
    try golden.add(folder: "Operations", except: Set(["run", "run_attempts", "runs", "runs_by_id"] + holed))
    let samples = golden.samples
    for name in holed {
      let fragment = SQLFragment("\(name).sql", try golden.text(of: name, in: "Operations"))
        .filling(["schema": .identifier("oneshot"), "table": .identifier("events")])
      golden.add(name, try fragment.binding(samples).statement())
    }
    let beginning = try #require(RunIDBeginning(id))
    golden.add("run", try RunDetails.matching(beginning, limit: 20))
    golden.add(
      "runs",
      try LedgerRun.newest(instance: "", job: "reindex", variant: "changed", status: .failed, since: moment, limit: 20))
    golden.add("runs_by_id", try LedgerRun.withIDs([id]))
    let run = LedgerRun(
      id: id, part: JobPart(instance: "", job: "reindex", server: "", variant: "changed"), shardCount: 1,
      scheduledAt: moment, scheduledBy: "setting", isForced: false, status: .failed, attempt: 1, fence: 1,
      startedAt: moment, errorsTotal: 0, host: "host", version: "0")
    golden.add("run_attempts", try run.otherAttempts(limit: 20))
    let filter = LetterFilter(job: "reindex", kind: nil, state: .pending, failedBefore: moment)
    golden.add("letter_named", try DeadLetter.named("0f0f0f", of: "reindex", limit: 2))
    golden.add("letters_list", try filter.list(limit: 20))
    golden.add("letters_next", try filter.next(forReplay: true, limit: 20))
    golden.add("letters_count", try filter.count())
    golden.add("letters_request_replay", try filter.requestReplay(by: "ann", limit: 20))
    golden.add("letters_discard", try filter.discard(by: "ann", limit: 20))
    let place = try await Place()
    try await place.execute(
      "insert into oneshot.fraud_reviews (entry_id, score, state, changed_at) values (17, 60, 'suspect', now())")
    try await golden.check(in: place)
  }
}
