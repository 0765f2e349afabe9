import JobRuntime
import Testing

@testable import UsageAggregation

/// How a format is read, and how it takes keys apart.
@Suite struct KeyFormatTests {
  private func format(_ text: String) throws -> KeyFormat {
    guard case .success(let format) = KeyFormat.parse(text) else { throw NotAFormat(text: text) }
    return format
  }

  private struct NotAFormat: Error { var text: String }

  /// The parts of a key, `merchant|day|hour|metric`, or why it has none.
  private func parts(_ key: String, _ format: KeyFormat) -> String {
    Array(key.utf8).withUnsafeBytes { key in
      switch format.parse(key) {
      case .success(let counter):
        [
          String(decoding: counter.merchant, as: UTF8.self), counter.day.description,
          counter.hour.map { "\($0)" } ?? "", String(decoding: counter.metric, as: UTF8.self),
        ].joined(separator: "|")
      case .failure(let problem): problem.rawValue
      }
    }
  }

  @Test(arguments: [
    ("quota:{tenant}:{yyyyMMdd}:{metric}", "quota:a:b:20251101:queries", "a:b|2025-11-01||queries"),
    ("usage:{{merchant}}:{yyyy-MM-dd}:{metric}", "usage:{acme}:2025-11-01:q", "acme|2025-11-01||q"),
    ("usage:{{{merchant}}}:{yyyy-MM-dd}:{metric}", "usage:{acme}:2025-11-01:q", "acme|2025-11-01||q"),
    ("{{usage}}:{merchant}:{yyyy-MM-dd}:{metric}", "{usage}:a:2025-11-01:q", "a|2025-11-01||q"),
    ("{{u:{merchant}}}:{yyyy-MM-dd}:{metric}", "{u:a}b}:2025-11-01:q", "a}b|2025-11-01||q"),
    ("{metric}:{yyyy-MM}:{merchant}", "queries:2025-11:a:b", "a:b|2025-11-01||queries"),
    ("{metric*}:{yyyy-MM}:{merchant}", "api:calls:2025-11:a", "a|2025-11-01||api:calls"),
    ("u:{merchant}:{yyyy-MM-dd'T'HH}:{metric}", "u:a:2025-11-01T23:q", "a|2025-11-01|23|q"),
    ("c/{yyyy.MM.dd}/{merchant}/{metric*}/total", "c/2025.11.01/a/x/y/total", "a|2025-11-01||x/y"),
    ("u:{merchant}{yyyyMMdd}:{metric}", "u:a20251101:q", "a|2025-11-01||q"),
    ("usage:{merchant}:{yyyy-MM-dd}", "usage:a:b:2025-11-01", "a:b|2025-11-01||"),
    ("usage:{yyyy-MM-dd}:{metric}", "usage:2025-11-01:a:b", "|2025-11-01||a:b"),
  ])
  func `a key is taken apart as the format says, and put together again`(
    text: String, key: String, expected: String
  ) throws {
    let format = try format(text)
    #expect(parts(key, format) == expected)
    let words = expected.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    let day = try #require(CalendarDay(words[1]))
    #expect(format.key(merchant: words[0], day: day, hour: Int(words[2]), metric: words[3]) == key)
    // What it says of itself is the same format.
    #expect(try self.format(format.text) == format)
  }

  @Test(arguments: [
    ("usage:a:2025-1-1:x", "bad_date"), ("usage:a:2025-02-29:x", "bad_date"), ("usage:long:name:x", "bad_date"),
    ("usage:x:y", "missing_part"), ("usage:x", "missing_part"), ("usage:", "missing_part"), ("other", "missing_part"),
    ("usage:2025-11-05:x", "missing_part"), ("usage::2025-11-05:x", "empty_part"),
    ("usage:a:2025-11-05:", "empty_part"),
    ("usage:a\0:2025-11-05:x", "nul"),
  ])
  func `a key that the usual format does not fit is refused for a reason`(key: String, reason: String) {
    #expect(parts(key, KeyFormat(prefix: "usage:")) == reason)
  }

  @Test(arguments: [
    ("u:{merchant}:{metric}", "no time"), ("u:{merchant}:{yyyy-MM-dd}:{metric", "without }"),
    ("u:{merchant}:{yyyy-MM-dd}:x}", "without {"), ("u:{shop}:{yyyy-MM-dd}", "{shop}"),
    ("u:{merchant}:{yyyy-dd}:{metric}", "{yyyy-dd}"), ("u:{merchant}:{yyyy-MM'T'HH}:{metric}", "{yyyy-MM'T'HH}"),
    ("u:{merchant}:{MM-dd}:{metric}", "{MM-dd}"), ("u:{merchant}{metric}:{yyyy-MM-dd}", "nothing between"),
    ("u:{yyyy-MM-dd}{metric}:{merchant*}:{tenant}", "twice"),
    ("u:{merchant*}:{yyyy-MM-dd}:{metric*}", "more than one *"),
    ("u:{yyyy-MM-dd}", "neither"), ("u:{yyyy}:{yyyy-MM-dd}:{metric}", "{yyyy}"),
    ("u:{yyyy-MM}:{yyyy-MM-dd}:{metric}", "more than one time"),
  ])
  func `a format that says too little is refused for a reason`(text: String, reason: String) {
    guard case .failure(let problem) = KeyFormat.parse(text) else {
      Issue.record("\(text) was taken")
      return
    }
    #expect(problem.contains(reason), "\(problem)")
  }

  @Test func `the short form and the format that it is short for are the same work`() throws {
    let format = try format("eu:{tenant}:{yyyy-MM-dd}:{metric}")
    #expect(format == KeyFormat(prefix: "eu:") && format.name == "eu:")
    #expect(try self.format("{metric}:{yyyy-MM}:{merchant}").name == "{metric}:{yyyy-MM}:{merchant}")
  }

  @Test(arguments: [
    ("usage:{merchant}:{yyyy-MM-dd}:{metric}", String?.none, "usage:*"),
    ("usage:{merchant}:{yyyy-MM-dd}:{metric}", "a*", #"usage:a\*:*"#),
    ("{metric}:{yyyy-MM}:{merchant}", nil, "*:[0-9][0-9][0-9][0-9]\\-[0-9][0-9]:*"),
    ("{merchant}:{yyyyMM}:{metric}", "a", "a:*"),
  ])
  func `a scan asks for what may be a counter`(text: String, merchant: String?, pattern: String) throws {
    #expect(try format(text).pattern(merchant: merchant) == pattern)
  }

  @Test(arguments: [
    ("usage:config:*", "usage:config:x", true), ("usage:config:*", "usage:conf", false), ("*:limit", "a:b:limit", true),
    ("*:limit", "a:limit:b", false), ("a?c", "abc", true), ("a?c", "ac", false), ("a[b-d]e", "ace", true),
    ("a[^b]c", "abc", false), ("a[^b]c", "axc", true), (#"a\*c"#, "a*c", true), (#"a\*c"#, "abc", false),
    ("*", "", true),
    ("a*b*c", "a1b2b3c", true), ("a*b*c", "a1c2b", false), ("[abc", "b", true), ("", "x", false),
  ])
  func `patterns match as those of Redis do`(pattern: String, key: String, matches: Bool) {
    #expect(Array(key.utf8).withUnsafeBytes { Glob(pattern).matches($0) } == matches)
  }
}
