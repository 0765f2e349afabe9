import TestSupport
import Testing

@testable import JobRuntime

/// How a run's variant follows from the settings that select its work.
@Suite struct VariantNameTests {
  private enum Mode: String, CaseIterable { case usual, pending, rebuild }

  /// Settings of every kind that selects.
  private struct Settings: JobSettings {
    var mode: Mode
    var levels: [String]
    var prefix: String
    var merchant: String?
    var isDeep: Bool
    var lookback: Duration
    var ids: [String]
    var from: String?
    var batch: Int

    init(from env: inout Environment) {
      mode = env.choice("MODE", default: .usual, help: "", selects: .work)
      levels =
        env.custom(
          "LEVELS", form: "", default: "hourly,daily", help: "", selects: .work, written: { $0 }, parse: Self.levels)
        ?? ["hourly", "daily"]
      prefix = env.string("PREFIX", default: "usage:", help: "", selects: .work(as: "prefix"))
      merchant = env.optionalString("MERCHANT", help: "", selects: .work(as: "merchant"))
      isDeep = env.bool("DEEP", default: false, help: "", selects: .work(as: "deep"))
      lookback = env.duration("LOOKBACK", default: .hours(48), help: "", selects: .work(as: "lookback"))
      ids =
        env.custom(
          "IDS", form: "", default: nil, help: "", selects: .work(as: "ids"), written: Selection.asSet,
          parse: Self.words)
        ?? []
      from = env.custom(
        "FROM", form: "", default: nil, help: "", selects: .work(as: "from", isFixed: true),
        written: { [$0] }, parse: { .success($0) })
      batch = env.int("BATCH", default: 10, in: 1...100, help: "")
    }

    private static func words(_ text: String) -> Environment.Parsed<[String]> {
      .success(text.split(separator: ",").map { $0.filter { $0 != " " } })
    }

    private static func levels(_ text: String) -> Environment.Parsed<[String]> {
      let words = text.split(separator: ",").map { $0.filter { $0 != " " } }
      return .success(["hourly", "daily", "weekly"].filter(words.contains))
    }
  }

  private func variant(_ variables: [String: String]) -> String {
    var env = Environment(variables)
    _ = Settings(from: &env)
    return env.variant
  }

  @Test func `the defaults have no variant, whether they are left out or written down`() {
    #expect(variant([:]) == "")
    #expect(
      variant([
        "MODE": "usual", "LEVELS": "daily, hourly", "PREFIX": "usage:", "LOOKBACK": "2d", "DEEP": "no", "MERCHANT": "",
      ]) == "")
  }

  @Test(arguments: [
    (["MODE": "pending"], "pending"), (["LEVELS": "weekly"], "weekly"), (["LEVELS": "weekly,daily"], "daily,weekly"),
    (["MODE": "rebuild", "LEVELS": "weekly", "FROM": "2025-11-01"], "rebuild-weekly-from-2025-11-01"),
    (["MERCHANT": "acme_1"], "merchant-acme_1"), (["DEEP": "true"], "deep"), (["LOOKBACK": "720h"], "lookback-30d"),
    (["IDS": "b,a, b"], "ids-a,b"), (["FROM": "2025-11-01T02:00:00Z"], "from-2025-11-01T02_00_00Z"),
    (["BATCH": "7"], ""),
  ])
  func `values that fit stand as they are`(variables: [String: String], expected: String) {
    #expect(variant(variables) == expected)
  }

  @Test(arguments: [
    "eu:", "eu-", "eu ", "eu,", "EU", "éu", "e\u{301}u", ":", "eu_\n", String(repeating: "x", count: 49),
  ])
  func `a value that does not fit is made safe, and has a digest of all of it`(value: String) throws {
    let name = variant(["PREFIX": value])
    #expect(name.utf8.count <= 80)
    #expect(
      name.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,-_".utf8.contains($0) })
    #expect(variant(["PREFIX": value]) == name)
    if value != "EU" {
      let digest = try #require(name.split(separator: "-").last)
      #expect(name.hasPrefix("prefix-") && digest.count == 10 && Int(digest, radix: 16) != nil, "\(name)")
    }
  }

  @Test func `a long variant is cut, and still one work's own`() {
    func long(_ last: String) -> String {
      variant([
        "MODE": "rebuild", "LEVELS": "weekly", "PREFIX": String(repeating: "p", count: 60), "IDS": "1,2,3,4,5,6,7,8,9",
        "MERCHANT": String(repeating: "m", count: 45), "FROM": last,
      ])
    }
    #expect(long("2025-11-01").utf8.count <= 120)
    #expect(long("2025-11-01") != long("2025-11-02") && long("2025-11-01") == long("2025-11-01"))
  }

  @Test func `different work never has the same variant, and work written otherwise always has`() {
    var generator = SeededGenerator(7)
    let texts = [
      "a", "b", "a-b", "a_b", "a:b", "a,b", "merchant-a", "deep", "ids-1", "A", "é", "e\u{301}", " a", "pending", "_",
      "-",
      "a-merchant-b", "lookback-1d", "0123456789", "a-0123456789", String(repeating: "a", count: 60),
    ]
    var works: [String: String] = [:]
    for _ in 0..<20_000 {
      func pick<Value>(_ values: [Value]) -> Value? {
        Bool.random(using: &generator) ? values.randomElement(using: &generator) : nil
      }
      let mode = pick(["usual", "pending", "rebuild"])
      let levels = pick([["hourly"], ["weekly", "daily"], ["daily", "hourly"], ["weekly"]])?.shuffled(using: &generator)
      let (prefix, merchant) = (pick(texts), pick(texts))
      let (deep, lookback) = (pick(["true", "false", "1"]), pick(["48h", "2d", "1d", "24h"]))
      let ids = pick([["1"], ["1", "2"], ["a_b"], ["a-b", "1"], ["a b"]])?.shuffled(using: &generator)
      let from = pick(["2025-11-01", "2025-11-02", "2025-11-01T00:00:00Z"])
      let name = variant(
        [
          "MODE": mode, "LEVELS": levels?.joined(separator: Bool.random(using: &generator) ? "," : " , "),
          "PREFIX": prefix, "MERCHANT": merchant, "DEEP": deep, "LOOKBACK": lookback,
          "IDS": ids?.joined(separator: ","),
          "FROM": from, "BATCH": pick(["1", "2"]),
        ].compactMapValues(\.self))
      let parts: [[String]] = [
        [mode ?? "usual"], (levels ?? ["hourly", "daily"]).sorted(), [prefix ?? "usage:"], [merchant ?? "none "],
        [deep == "true" || deep == "1" ? "deep" : ""], [lookback == "1d" || lookback == "24h" ? "1d" : "2d"],
        (ids ?? []).map { $0.filter { $0 != " " } }.sorted(), [from ?? ""],
      ]
      // By bytes, which is what Postgres compares.
      let work = "\(parts.map { $0.map { Array($0.utf8) } })"
      #expect(works[name] == nil || works[name] == work, "\(name)")
      works[name] = work
    }
    #expect(Set(works.values).count == works.count, "one work has one name")
    #expect(works.count > 5000)
  }

  @Test func `what several settings choose together is one part, and what is added to the usual is named alone`() {
    func variant(_ chosen: [String]) -> String {
      var env = Environment([:])
      _ = env.optionalString("BOARDS", help: "")
      env.select(["BOARDS"], as: "of", chosen, unlike: ["a", "b"], more: "with")
      #expect(env.declarations.allSatisfy { $0.selects })
      return env.variant
    }
    #expect(variant(["b", "a"]) == "" && variant(["a"]) == "of-a" && variant(["c", "a", "b"]) == "with-c")
    #expect(variant(["c", "a"]) == "of-a,c" && variant(["c"]) == "of-c")
  }
}
