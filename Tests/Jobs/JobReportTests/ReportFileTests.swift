import Foundation
import TestSupport
import Testing

/// The file, whatever happens to the run: what was there stands whole until the new page takes its place.
@Suite(.timeLimit(.minutes(15))) struct ReportFileTests {
  private static let old = "<!DOCTYPE html>\n<p>what was there before</p>\n</html>\n"

  private func reports() async throws -> Reports {
    let reports = try await Reports()
    try await reports.fill(runs: 500)
    try Self.old.write(toFile: reports.file, atomically: false, encoding: .utf8)
    return reports
  }

  private func isWhole(_ page: String) -> Bool { page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n") }

  @Test func `everybody may read it, and nothing is left beside it`() async throws {
    let reports = try await reports()
    #expect(chmod(reports.file, 0o600) == 0)
    #expect(try await reports.run().exitCode == 0)
    #expect(isWhole(reports.page()) && reports.page() != Self.old)
    #expect(try FileManager.default.attributesOfItem(atPath: reports.file)[.posixPermissions] as? Int == 0o644)
    #expect(try reports.names() == ["report.html"])
  }

  @Test func `killed after any line of its log, the page is the old one or the new one, and the next run makes it`()
    async throws
  {
    let undisturbed = try await reports()
    let whole = try await undisturbed.run([], ["JOB_LOG_LEVEL": "debug"])
    let lines = whole.errors.split(separator: "\n").count
    #expect(whole.exitCode == 0 && lines >= 10)
    var (killed, kept) = (0, 0)
    for step in 0..<lines {
      let reports = try await reports()
      let run = try await SteppedRun(Reports.binary, reports.environment(), after: step)
      if run.hasEnded { continue }
      run.process.send(SIGKILL)
      run.letGo()
      _ = await run.process.outcome()
      killed += 1
      kept += reports.page() == Self.old ? 1 : 0
      #expect(isWhole(reports.page()), "after line \(step)")
      try await reports.place.redis("DEL", "oneshot:lock:job-report")  // What the end of the lease does.
      #expect(try await reports.run().exitCode == 0)
      #expect(isWhole(reports.page()) && reports.page() != Self.old)
    }
    #expect(killed > lines - 3 && kept > 3 && kept < killed)
  }

  @Test func `cut off in the middle of writing, the old page stands, and nothing is left`() async throws {
    let reports = try await reports()
    // The kernel takes 8 KiB, and no more.
    let script = "ulimit -f 8; exec \(Reports.binary.url.path)"
    let run = try await Binary(path: "/bin/bash").run(["-c", script], reports.environment())
    #expect(run.exitCode == 69 && run.output.contains("report.html: File too large"), "\(run.output)")
    #expect(reports.page() == Self.old)
    #expect(try reports.names() == ["report.html"])
  }

  @Test func `killed before the new page takes its place, the old one stands; what is left goes in time`() async throws
  {
    let reports = try await reports()
    // It stands still where it says that the new one is written.
    let stopped = try await SteppedRun(Reports.binary, reports.environment(), past: "opened the run in the ledger")
    stopped.process.send(SIGKILL)
    stopped.letGo()
    #expect(await stopped.process.outcome().exitCode == 128 + SIGKILL)
    #expect(reports.page() == Self.old)
    let left = try #require(try reports.names().first { $0.hasPrefix(".report.html.") && $0.hasSuffix(".tmp") })
    try await reports.place.redis("DEL", "oneshot:lock:job-report")
    #expect(try await reports.run().exitCode == 0)
    #expect(isWhole(reports.page()) && reports.page() != Self.old)
    // A young one may be somebody's who still writes.
    #expect(try reports.names().contains(left))
    let others = [".report.html.x.tmp", ".report.html..tmp", ".other.html.7.tmp", "report.html.7.tmp"]
    for name in others { try "".write(toFile: "\(reports.folder.path)/\(name)", atomically: false, encoding: .utf8) }
    for name in others + [left] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: "\(reports.folder.path)/\(name)")
    }
    #expect(try await reports.run().exitCode == 0)
    #expect(try reports.names() == (others + ["report.html"]).sorted())
  }

  @Test func `two at once: one makes the page, the other says who does`() async throws {
    let reports = try await reports()
    let settings = reports.environment().merging(["JOB_LOCK_MIN_HOLD": "30s"]) { $1 }
    let runs = try (1...2).map { _ in try Reports.binary.start([], settings) }
    var results: [ResultLine] = []
    for run in runs { results.append(await run.outcome().result) }
    #expect(Set(results.map { $0["status"].string }) == ["succeeded", "skipped"])
    #expect(isWhole(reports.page()) && reports.page() != Self.old)
  }

  @Test func `whoever reads sees a whole page, even while those of two databases take turns`() async throws {
    let (one, other) = (try await reports(), try await Reports())
    let file = one.file
    let reading = Task.detached {
      var (read, broken) = (0, 0)
      while !Task.isCancelled {
        let page = try await onThread { try String(contentsOfFile: file, encoding: .utf8) }
        read += 1
        broken += page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n") ? 0 : 1
      }
      return (read, broken)
    }
    for _ in 1...6 {
      let first = try Reports.binary.start([], one.environment())
      let second = try Reports.binary.start([], other.environment().merging(["REPORT_FILE": file]) { $1 })
      #expect(await first.outcome().exitCode == 0)
      #expect(await second.outcome().exitCode == 0)
    }
    reading.cancel()
    let (read, broken) = try await reading.value
    #expect(read > 10 && broken == 0)
    #expect(try one.names() == ["report.html"])
  }

  @Test func `a run that was paused puts its page over no newer one`() async throws {
    let reports = try await reports()
    let paused = try await SteppedRun(Reports.binary, reports.environment(), past: "opened the run in the ledger")
    #expect(!paused.hasEnded && reports.page() == Self.old)
    try await reports.place.redis("DEL", "oneshot:lock:job-report")
    #expect(try await reports.run([], ["REPORT_TITLE": "the newer one"]).exitCode == 0)
    let newer = reports.page()
    paused.letGo()
    let outcome = await paused.process.outcome()
    #expect(outcome.exitCode == 75, "\(outcome.output)")
    #expect(reports.page() == newer && newer.contains("the newer one"))
    #expect(try reports.names() == ["report.html"])
  }

  @Test(arguments: [
    ("", 78, "it is a folder"), ("/no/report.html", 78, "No such file or directory"),
    ("/file/report.html", 78, "Not a directory"),
    ("/fifo", 78, "it is not a regular file"), ("/\(String(repeating: "x", count: 300))", 78, "File name too long"),
    // Which is no name for a draft any more.
    ("/\(String(repeating: "x", count: 240))", 78, "File name too long"),
  ]) func `a place that is none is told, with 78`(place: String, exitCode: Int32, message: String) async throws {
    let reports = try await reports()
    try "".write(toFile: "\(reports.folder.path)/file", atomically: false, encoding: .utf8)
    #expect(mkfifo("\(reports.folder.path)/fifo", 0o600) == 0)
    let path = reports.folder.path + place
    for arguments in [[], ["--check"]] {
      let run = try await reports.run(arguments, ["REPORT_FILE": path])
      #expect(run.exitCode == exitCode && run.output.contains("\(message)\""), "\(run.output)")
      #expect(run.result["error", "message"].string?.hasPrefix("REPORT_FILE \(path): ") == true, "\(run.output)")
    }
    #expect(reports.page() == Self.old)
  }

  @Test func `a path without a folder is in the folder where the job was started`() async throws {
    let reports = try await reports()
    let script = "cd \(reports.folder.path) && exec \(Reports.binary.url.path)"
    let run = try await Binary(path: "/bin/bash").run(
      ["-c", script], reports.environment().merging(["REPORT_FILE": "report.html"]) { $1 })
    #expect(run.exitCode == 0 && isWhole(reports.page()) && reports.page() != Self.old, "\(run.output)")
    #expect(try reports.names() == ["report.html"])
  }

  @Test(arguments: [("-o ro", 77, "Read-only file system"), ("-o size=16k", 69, "No space left on device")])
  func `where nothing can be written, the old page stands`(options: String, exitCode: Int32, message: String)
    async throws
  {
    guard try await canMountPrivately(for: "a folder that is read-only, or full") else { return }
    let reports = try await reports()
    let copy = try TemporaryFolder()
    let script = """
      mount --make-rprivate / && cp \(reports.file) \(copy.path)/
      mount -t tmpfs \(options.contains("size") ? options : "") none \(reports.folder.path) || exit 99
      cp \(copy.path)/report.html \(reports.folder.path)/
      \(options.contains("ro") ? "mount -o remount,ro \(reports.folder.path)" : "true")
      \(Reports.binary.url.path); code=$?
      cat \(reports.file) >&2; ls -A \(reports.folder.path) >&2; exit $code
      """
    let run = try await Binary(path: "/usr/bin/unshare").run(
      ["-m", "sh", "-c", script], reports.environment().merging(["JOB_LOG_LEVEL": "error"]) { $1 })
    #expect(run.exitCode == exitCode && run.output.contains("\(message)\""), "\(run.output)\(run.errors)")
    #expect(run.errors.hasSuffix(Self.old + "report.html\n"), "\(run.errors)")
  }
}
