import Foundation
import TestSupport
import Testing

/// The page in a real Chromium.
@Suite(.timeLimit(.minutes(10))) struct BrowserTests {
  /// What a browser made of a page; see `Tests/Support/browser.py`.
  private func look(_ url: String, _ width: Int, _ scheme: String) async throws -> ResultLine {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Support/browser.py")
    let seen = try await Binary(path: "/usr/bin/python3").run([
      script.standardized.path, url, "\(width)", "800", scheme,
    ])
    guard seen.exitCode == 0 else { throw TestFailure("browser.py: \(seen.output)\(seen.errors)") }
    return ResultLine(text: seen.output)
  }

  /// Whether there is a browser; says so when there is none.
  private func isThere() -> Bool {
    if FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium") { return true }
    skipped("the page in a browser", because: "chromium is not installed (Tests/Support/install-packages.sh test)")
    return false
  }

  /// Texts that would do something if they were anything but text.
  static let hostile = [
    "</title></style></script><script>document.title='owned';throw 1</script>",
    #""><img src=x onerror="document.title='owned'"><svg onload=alert(1)>"#,
    "javascript:alert(1)", "<style>*{display:none}</style><base href='https://example.com/'>",
    "<!-- ' \" & &amp; &#x3c; ]]> <![CDATA[ --!>", "\u{1b}[2J\u{202e}gnp.live\u{2066} \u{0}\u{200b}\u{FDCF}",
    "😀 é \u{301}\u{301}\u{301}\u{301}\u{301}\u{301} שלום مرحبا", String(repeating: "W", count: 65_536),
    "a\nb\r\n\tc", String(repeating: "x ", count: 300), "${7*7} {{7*7}} %s %00 ../../etc/passwd",
  ]

  private func hostileReports() async throws -> Reports {
    let reports = try await Reports()
    for (number, text) in Self.hostile.enumerated() {
      // What cannot be stored (NUL) is stored as the runtime stores it.
      let stored = text.replacing("\0", with: "\u{FFFD}")
      try await reports.add(
        "job\(number) " + stored.prefix(200), variant: String(stored.prefix(100)), ago: "\(number + 1) hours",
        status: number % 3 == 0 ? "partial" : "failed", kind: String(stored.prefix(300)), message: stored)
      try await reports.addDeadLetter(
        "job\(number)", item: stored, kind: "k\(number)" + stored.prefix(100), message: stored)
      try await reports.place.redis("SET", "oneshot:lock:" + text, text, "PX", "600000")
    }
    return reports
  }

  private func expectSound(_ seen: ResultLine, _ width: Int, _ page: String) {
    func texts(_ name: String) -> [String] { seen[name].elements.compactMap(\.string) }
    #expect(seen["width"].int == width)
    #expect(seen["scrollWidth"].int ?? .max <= width, "it scrolls sideways: \(texts("wide"))")
    for name in ["wide", "console", "exceptions", "issues", "contrast", "lost"] {
      #expect(texts(name) == [], "\(name)")
    }
    #expect(texts("requests") == [page])
    #expect(seen["unnamed"].int == 0 && seen["scripts"].int == 1)
    // One level deeper at most from one heading to the next.
    let levels = texts("headings").compactMap { $0.last?.wholeNumberValue }
    #expect(levels.first == 1 && levels.count { $0 == 1 } == 1)
    #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 }, "\(levels)")
  }

  @Test func `at the width of a phone and of a desktop, light, dark and printed, it is sound`() async throws {
    guard isThere() else { return }
    let reports = try await Reports()
    for hour in 1...60 {
      for job in ["usage-aggregation", "a-job-with-a-name-that-is-longer-than-what-a-phone-has-room-for"] {
        try await reports.add(
          job, variant: "pending", ago: "\(hour) hours",
          status: ["succeeded", "succeeded", "partial", "failed", "interrupted"][hour % 5],
          message: hour % 5 == 3 ? "connecting to db-1.internal" : nil, milliseconds: hour * 977, items: hour * 31)
      }
    }
    try await reports.add("reindex", ago: "3 minutes", status: "running")
    try await reports.add("top-stats", ago: "3 hours", status: "running")
    try await reports.addDeadLetter("reindex", item: "asset:17", message: "too long")
    try await reports.place.redis("SET", "oneshot:lock:reindex", "somebody")
    #expect(try await reports.run().exitCode == 0)
    let page = "file://" + reports.file
    var backgrounds: [String] = []
    for (width, scheme) in [
      (375, "light"), (1280, "light"), (375, "dark"), (1280, "dark"), (800, "light"), (700, "print"),
    ] {
      let seen = try await look(page, width, scheme)
      expectSound(seen, width, page)
      backgrounds.append(seen["background"].string ?? "")
      #expect(seen["title"].string == "Trouble – Jobs")
      let text = seen["text"].string ?? ""
      for word in ["Needs attention", "Did not succeed", "asset:17", "has no end", "In numbers"] {
        #expect(text.contains(word), "\(width) \(scheme): \(word)")
      }
    }
    #expect(backgrounds[0] == backgrounds[1] && backgrounds[0] != backgrounds[2] && backgrounds[2] == backgrounds[3])
  }

  @Test func `whatever stands in ledger, dead letters and locks is shown as text`() async throws {
    guard isThere() else { return }
    let reports = try await hostileReports()
    let run = try await reports.run([], ["REPORT_TITLE": Self.hostile[0]])
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.result["counts", "locks"].int == Self.hostile.count)
    let page = "file://" + reports.file
    for width in [375, 1280] {
      let seen = try await look(page, width, "light")
      expectSound(seen, width, page)
      #expect(seen["title"].string == "Trouble – \(Self.hostile[0])")
      let text = seen["text"].string ?? ""
      for part in [
        Self.hostile[0], Self.hostile[1], "javascript:alert(1)", Self.hostile[3], Self.hostile[4],
        #"\u{1b}[2J\u{202e}gnp.live\u{2066}"#,
        "😀", "שלום مرحبا", "(65,536 characters in all)", "${7*7} {{7*7}} %s %00 ../../etc/passwd",
      ] { #expect(text.contains(part), "\(part)") }
      #expect(!text.unicodeScalars.contains { ("\u{202a}"..."\u{202e}").contains($0) || $0 == "\u{1b}" })
    }
  }

  @Test func `a page that nobody makes anew says that it is old`() async throws {
    guard isThere() else { return }
    let reports = try await Reports()
    #expect(try await reports.run([], ["REPORT_OLD_AFTER": "1m"]).exitCode == 0)
    #expect(try await look("file://" + reports.file, 375, "light")["isOld"].bool == false)
    // What the clock does, for a test that does not wait for it.
    let page = reports.page()
    let made = try #require(page.firstMatch(of: /id="made" datetime="([^"]*)"/)).output.1
    let old = page.replacing("id=\"made\" datetime=\"\(made)\"", with: "id=\"made\" datetime=\"2025-11-01T00:00:00Z\"")
    try old.write(toFile: reports.file, atomically: true, encoding: .utf8)
    let seen = try await look("file://" + reports.file, 375, "light")
    #expect(seen["isOld"].bool == true)
    #expect(seen["text"].string?.contains(/This page is old: it was made \d+ d ago/) == true)
    expectSound(seen, 375, "file://" + reports.file)
  }

  @Test func `a browser would say what is wrong with a page that is not sound`() async throws {
    guard isThere() else { return }
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/bad.html"
    try """
    <!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>x</title>
    <h1 style="color: #eee">x</h1><div style="width: 3000px">x</div><script>alert(1)</script><img src="http://127.0.0.1:1/x">
    <p><font color="#eeeeee">faint</font></p><a href="#nowhere" id="a">x</a>
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let seen = try await look("file://" + file, 375, "light")
    #expect(seen["console"].count > 0 && seen["issues"].count > 0 && seen["contrast"].count > 0)
    #expect(seen["lost"].count == 1 && seen["unnamed"].int == 1)
    try "<!DOCTYPE html><div style='width: 3000px'>x</div><script>nothing()</script><img src='http://127.0.0.1:1/x'>"
      .write(toFile: file, atomically: true, encoding: .utf8)
    let other = try await look("file://" + file, 375, "light")
    #expect(other["exceptions"].count == 1 && other["requests"].count == 2 && other["wide"].count == 1)
    #expect(other["scrollWidth"].int ?? 0 > 375)
  }

  @Test func `the markup is as the standard has it`() async throws {
    let reports = try await hostileReports()
    #expect(try await reports.run().exitCode == 0)
    func parse(_ file: String) async throws -> Binary.Outcome {
      try await Binary(path: "/usr/bin/python3").run(
        [
          "-c",
          "import html5lib, sys; html5lib.HTMLParser(strict=True).parse(open(sys.argv[1], encoding='utf-8').read())",
          file,
        ])
    }
    let parsed = try await parse(reports.file)
    if parsed.errors.contains("No module named 'html5lib'") {
      return skipped("the markup", because: "python3-html5lib is not installed")
    }
    #expect(parsed.exitCode == 0, "\(parsed.errors)")
    try reports.page().replacing("</ol>", with: "").write(toFile: reports.file, atomically: true, encoding: .utf8)
    #expect(try await parse(reports.file).exitCode == 1)
  }
}
