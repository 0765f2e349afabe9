import Foundation
import JobRuntime
import TestSupport
import Testing

/// What the page says, and what it leaves as it is.
@Suite(.timeLimit(.minutes(15))) struct ReportTests {
  @Test func `a ledger without runs makes a page that says so`() async throws {
    let reports = try await Reports()
    let run = try await reports.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.result["counts", "bytes"].int == reports.page().utf8.count)
    let page = reports.page()
    #expect(
      page.contains("Nothing has run yet") && page.contains("No lock is held.") && page.contains("None is pending."))
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">") && page.hasSuffix("</html>\n"))
    // It is the next one that shows this one.
    #expect(try await reports.run().result["counts", "parts"].int == 1)
    #expect(reports.page().contains("The last run succeeded"))
  }

  @Test func `each part is shown as it went`() async throws {
    let reports = try await Reports()
    for hours in 1...5 { try await reports.add("good", ago: "\(hours) hours", items: 1200) }
    for hours in 1...4 {
      try await reports.add(
        "bad", variant: "pending", ago: "\(hours) hours", status: "failed", kind: "unavailable",
        message: "no answer after \(hours * 17) ms")
    }
    try await reports.add("bad", variant: "pending", ago: "9 hours")
    try await reports.add("half", shard: 2, ago: "1 hour", status: "partial")
    try await reports.add("busy", ago: "10 minutes", status: "running", items: nil)
    try await reports.add("stuck", ago: "3 hours", status: "running", items: nil)
    try await reports.add("old", ago: "20 days")
    let busy = try await reports.place.value("select run_id from oneshot.job_runs where job = 'busy'")
    try await reports.place.redis("SET", "oneshot:lock:busy", #"{"run_id":"\#(busy)"}"#, "PX", "600000")
    let run = try await reports.run([], ["HEALTH_EXPECT": "good=10m"])
    #expect(run.exitCode == 0 && run.result["counts", "parts"].int == 6, "\(run.output)")
    #expect(run.result["counts", "troubles"].int == 4, "\(run.output)")
    let text = Self.text(of: reports.page())
    #expect(text.contains("4 things need attention"))
    for trouble in [
      "failing bad:pending the last 4 runs did not succeed", "missed good",
      "failing half/2 the last run did not succeed",
      "stuck stuck run",
    ] { #expect(text.contains(trouble), "\(trouble): \(text)") }
    #expect(text.contains("busy running for 10m"))
    #expect(text.contains("old quiet, last success 20d ago"))
    #expect(text.contains("6,000 items"))
    // What differs only in numbers is one cause; the newest speaks for all.
    #expect(text.contains("bad pending unavailable 4 times no answer after 17 ms"))
    #expect(text.components(separatedBy: "pending unavailable").count == 2)
  }

  @Test func `locks are shown with their holders, and one without an end is trouble`() async throws {
    let reports = try await Reports()
    try await reports.add("busy", ago: "10 minutes", status: "running")
    let id = try await reports.place.value("select run_id from oneshot.job_runs")
    try await reports.place.redis("SET", "oneshot:lock:busy", #"{"run_id":"\#(id)","host":"h"}"#, "PX", "600000")
    try await reports.place.redis("SET", "oneshot:lock:foreign", "redlock <b>5</b>")
    try await reports.place.redis(
      "SET", "oneshot:lock:liar", #"{"run_id":"'; drop table oneshot.job_runs; --    "}"#, "PX", "600000")
    let run = try await reports.run()
    #expect(run.exitCode == 0 && run.result["counts", "locks"].int == 3, "\(run.output)")
    let text = Self.text(of: reports.page())
    let line = try Regex("busy busy \(id) 10m( \\d+s)? ago host-1 ends in (10m|9m \\d+s) unless renewed")
    #expect(text.contains(line), "\(text)")
    #expect(text.contains("foreign redlock &lt;b&gt;5&lt;/b&gt; (no run of ours)"))
    #expect(text.contains("stuck foreign the lock oneshot:lock:foreign has no end"))
    #expect(try await reports.place.value("select count(*) from oneshot.job_runs where job = 'busy'") == "1")
  }

  @Test func `dead letters are shown by job and kind, and only those that wait`() async throws {
    let reports = try await Reports()
    for number in 1...9 {
      try await reports.addDeadLetter("usage-aggregation", item: "usage:acme:\(number)", message: "it is \(number)")
    }
    try await reports.addDeadLetter("usage-aggregation", item: "usage:done", message: "was mended", state: "resolved")
    try await reports.addDeadLetter("reindex", item: "asset:1", kind: "unindexable", message: "too long")
    let run = try await reports.run()
    #expect(run.result["counts", "dead_letters"].int == 10, "\(run.output)")
    let text = Self.text(of: reports.page())
    #expect(
      text.contains("usage-aggregation wrong_type 9 items oldest 3d ago · newest 2h ago · up to 2 tries"), "\(text)")
    #expect(text.contains("and 6 more like these") && text.contains("reindex unindexable 1 item"))
    #expect(!text.contains("usage:done"))
  }

  @Test func `what waits to leave the house is shown by target, closed targets first`() async throws {
    let reports = try await Reports()
    try await reports.place.execute(
      """
      insert into oneshot.deliveries (dedup_key, channel, recipient, template, state, next_at)
      select 'k' || g, case when g < 7 then 'email' else 'webhook' end,
        case when g < 7 then 'Ada' || g || '@Example.org' else 'shop' end, 'welcome',
        case when g in (3, 4) then 'held' when g = 5 then 'sent' else 'queued' end,
        now() + case when g in (6, 8) then interval '1 day' else interval '-3 hours' end
      from generate_series(1, 9) g;
      insert into oneshot.delivery_targets (target, failures, closed_until, reason) values
        ('webhook:shop', 7, now() + interval '15 minutes', '503 <b>'),
        ('smtp:relay:587', 9, now() + interval '10 minutes', 'Couldn''t connect to server'),
        ('webhook:old', 5, now() - interval '1 minute', 'over')
      """)
    var text = ""
    func show() async throws {
      #expect(try await reports.run().exitCode == 0)
      text = Self.text(of: reports.page())
    }
    try await show()
    #expect(text.contains("Leaving the house 4 due, 2 later, 2 held"), "\(text)")
    #expect(
      text.contains(
        try Regex(
          "smtp:relay:587 – – – – – closed target for (9m \\d+s|10m) more: Couldn.{1,6}t connect to server webhook:shop 2 3h ago 1 – – closed target for (14m \\d+s|15m) more: 503 &lt;b&gt; domain:example.org 2 3h ago 1 – 2"
        )), "\(text)")
    #expect(!text.contains("webhook:old") && !text.lowercased().contains("ada"), "no address")
    try await reports.place.execute("truncate oneshot.deliveries; delete from oneshot.delivery_targets")
    try await show()
    #expect(text.contains("No message waits, and no target is closed."))
    try await reports.place.execute("drop table oneshot.deliveries")
    try await show()
    #expect(!text.contains("Leaving the house"))
  }

  @Test func `what is long or much is cut, and said to be`() async throws {
    let reports = try await Reports()
    let long = String(repeating: "long ", count: 14_000)
    for letter in 0..<40 {
      try await reports.add(
        "job-\(letter)", ago: "\(letter) hours", status: "failed", kind: "k\(letter)", message: "\(letter)\(long)")
    }
    for shard in 0..<70 { try await reports.add("wide", shard: shard, ago: "1 hour") }
    try await reports.addDeadLetter("x", item: "a" + long, message: long)
    let run = try await reports.run()
    #expect(run.exitCode == 0 && run.result["counts", "parts"].int == 110, "\(run.output)")
    let text = Self.text(of: reports.page())
    #expect(text.contains("and 50 more parts of jobs") && text.contains("and 10 more causes"))
    #expect(text.contains("… (70,001 characters in all)") && text.contains("… (70,000 characters in all)"))
    #expect(reports.page().utf8.count < 300_000)
    // Those that are in trouble are shown before those that are not.
    for letter in 0..<40 { #expect(text.contains("job-\(letter) ")) }
  }

  @Test func `the numbers above are of all parts, those that are not shown among them`() async throws {
    let reports = try await Reports()
    try await reports.place.execute(
      """
      insert into oneshot.job_runs (run_id, job, variant, shard, shard_count, scheduled_at, scheduled_by, forced, status,
        attempt, fence, started_at, finished_at, duration_ms, host, version)
      select gen_random_uuid(), job, '', shard, 1, at, 'clock', false, status, 1, 1, at,
        case when status <> 'running' then at end, case when status <> 'running' then 40 end, 'host-1', '0.1.0'
      from (
        select 'good-' || g % 40 as job, 0 as shard, now() - g * interval '2 minutes' as at, 'succeeded' as status
        from generate_series(40, 1639) g
        union all select 'wide', g, now() - interval '3 hours', 'interrupted' from generate_series(1, 60) g
        union all select 'good-7', 0, now() - interval '1 minute', 'running') as made
      """)
    let run = try await reports.run()
    #expect(run.exitCode == 0 && run.result["counts", "runs"].int == 1661, "\(run.output)")
    let text = Self.text(of: reports.page())
    #expect(
      text.contains("runs in 7 days 1,661 succeeded 96.4 % did not succeed 60 dead letters 0 running now 1"),
      "\(text.prefix(900))")
    #expect(text.contains("and 40 more parts of jobs"))
  }

  @Test func `that the doctor found something is no failure of its own, wherever runs are counted`() async throws {
    let reports = try await Reports()
    for number in 0..<20 {
      try await reports.add("job-doctor", ago: "\(number + 1) hours", status: number < 19 ? "partial" : "succeeded")
    }
    try await reports.add("good", ago: "10 minutes")
    #expect(try await reports.run().exitCode == 0)
    let text = Self.text(of: reports.page())
    #expect(text.contains("runs in 7 days 21 succeeded 100 % did not succeed 0"), "\(text.prefix(900))")
    #expect(text.contains("All 2 are well") && text.contains("job-doctor partial 1h ago"), "\(text.prefix(900))")
    #expect(text.contains("Every run that ended did what it is for.") && text.contains("job-doctor 20 100 %"))
    #expect(reports.page().contains("\"20 runs on these days, 0 did not succeed.\""))
    // What it does not end with when it works is one; the report's own run before is a success.
    try await reports.add("job-doctor", ago: "1 minute", status: "failed", kind: "unavailable", message: "no answer")
    #expect(try await reports.run().exitCode == 0)
    #expect(Self.text(of: reports.page()).contains("succeeded 75 % did not succeed 1"))
  }

  @Test func `a hundred thousand runs make a page that is small`() async throws {
    let reports = try await Reports()
    try await reports.fill(runs: 100_000)
    let run = try await reports.run()
    #expect(run.exitCode == 0 && run.result["counts", "runs"].int == 100_000, "\(run.output)")
    #expect(reports.page().utf8.count < 500_000, "\(reports.page().utf8.count)")
    let text = Self.text(of: reports.page())
    #expect(text.contains("2,000 runs") && text.contains("succeeded 98 %"), "\(text.prefix(400))")
    #expect(text.contains("job-7 unavailable 2,000 times"), "\(text.prefix(4000))")
  }

  @Test func `as many parts as are shown, each with runs all the time, make a page that is small`() async throws {
    let reports = try await Reports()
    try await reports.fill(runs: 20_000, shards: 10)
    let run = try await reports.run()
    #expect(run.exitCode == 0 && run.result["counts", "parts"].int == 100, "\(run.output)")
    #expect(reports.page().utf8.count < 500_000, "\(reports.page().utf8.count)")
    // What did not end well tells of itself.
    #expect(reports.page().contains(/<title>[^<]*: \d+ failed/))
  }

  @Test func `numbers beyond all measure break nothing`() async throws {
    let reports = try await Reports()
    for hours in 1...3 { try await reports.add("huge", ago: "\(hours) hours", items: .max) }
    try await reports.add("none", ago: "1 hour", items: nil)
    try await reports.add("negative", ago: "1 hour", items: .min)
    try await reports.place.execute(
      "update oneshot.job_runs set duration_ms = 9223372036854775807, behind = 9223372036854775807 where job = 'huge'")
    let run = try await reports.run()
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(Self.text(of: reports.page()).contains("27,670.1 P items"))
    #expect(Self.text(of: reports.page()).contains("none succeeded 1h ago 40ms median – items"))
  }

  @Test func `plan and check write no file, and check says what is wrong with it`() async throws {
    let reports = try await Reports()
    let plan = try await reports.run(["--plan"])
    #expect(plan.exitCode == 0 && (plan.result["counts", "bytes"].int ?? 0) > 1000, "\(plan.output)")
    let check = try await reports.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(try reports.names() == [])
    #expect(try await reports.place.value("select count(*) from oneshot.job_runs") == "0")
    let nowhere = try await reports.run(["--check"], ["REPORT_FILE": "\(reports.folder.path)/no/report.html"])
    #expect(
      nowhere.exitCode == 78 && nowhere.output.contains("/no/report.html: No such file or directory"),
      "\(nowhere.output)")
  }

  @Test func `settings that cannot be right are told before anything is contacted`() async throws {
    let missing = try await Reports.binary.run(
      [], ["DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://127.0.0.1:1"])
    #expect(missing.exitCode == 78 && missing.output.contains("REPORT_FILE is required"), "\(missing.output)")
    let reports = try await Reports()
    let wrong = try await reports.run([], ["REPORT_DAYS": "91", "REPORT_OLD_AFTER": "1s"])
    #expect(wrong.exitCode == 78 && wrong.output.contains("REPORT_DAYS") && wrong.output.contains("REPORT_OLD_AFTER"))
  }

  @Test(arguments: [1, 10, 11, 90]) func `any number of days makes a page`(days: Int) async throws {
    let reports = try await Reports()
    try await reports.add("daily", ago: "2 minutes")
    try await reports.add("daily", ago: "40 days", status: "failed", kind: "internal", message: "long ago")
    let run = try await reports.run([], ["REPORT_DAYS": "\(days)", "REPORT_TITLE": "of \(days) days"])
    #expect(run.exitCode == 0 && run.result["counts", "runs"].int == (days == 90 ? 2 : 1), "\(run.output)")
    #expect(reports.page().contains("long ago") == (days == 90))
    #expect(reports.page().contains("<title>All well – of \(days) days</title>"))
  }

  /// What stands between the tags, with one space wherever there are some or a tag.
  static func text(of page: String) -> String {
    let body = page.components(separatedBy: "<body>").last ?? ""
    return body.replacing(/<svg.*?<\/svg>/.dotMatchesNewlines(), with: " ").replacing(/<[^>]*>/, with: " ")
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
