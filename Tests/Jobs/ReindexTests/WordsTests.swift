import TestSupport
import Testing

/// A document is found by each of its words, whatever joins them and however Unicode spells them.
@Suite(.timeLimit(.minutes(10))) struct WordsTests {
  private let catalogue: Catalogue

  init() async throws { catalogue = try await Catalogue() }

  /// Documents with a title, and a description where there are two texts.
  private func index(_ documents: [[String]]) async throws {
    for (number, texts) in documents.enumerated() {
      let values = (texts + ["", ""]).prefix(2).map(catalogue.literal).joined(separator: ", ")
      try await catalogue.place.execute(
        "insert into assets (id, title, description) values (\(number + 1), \(values))")
    }
    let run = try await catalogue.run([], ["REINDEX_ENTITIES": "asset"])
    try #require(run.exitCode == 0, "\(run.output)")
  }

  private func expect(_ query: some StringProtocol, finds found: String, _ location: SourceLocation = #_sourceLocation)
    async throws
  {
    #expect(try await catalogue.found(query) == found, "\(query)", sourceLocation: location)
  }

  @Test func `what joins words hides none of them, nor their beginnings, nor what is excluded`() async throws {
    try await index([
      ["e-mail list"], ["Pre-order bonus"], ["node.js tutorial"], ["input/output"], ["COVID-19", "a disease"],
      ["CVE-2026-2332", "fixed"], ["iPhone 12"], ["Boeing 737-800"], ["Alpha/Beta", "tcp/ip"],
      ["report.final.pdf", "to a@b.example"], ["snake_case", "~/notes+more&co;x<y #tag 50%"], ["a bonus"],
    ])
    for (query, found) in [
      ("e-mai*", "1"), ("pre-ord*", "2"), ("node.j*", "3"), ("input/ou*", "4"), ("bonus -pre-ord*", "12"),
      ("covid 19", "5"), ("covid-19", "5"), ("2332", "6"), ("iphone-12", "7"), ("737 800", "8"), ("737-800", "8"),
      ("beta", "9"), ("ip", "9"), ("final", "10"), ("b.example", "10"), ("example.b", ""), ("list-e", ""),
      ("snake", "11"),
      ("notes", "11"), ("more", "11"), ("y", "11"), ("50%", "11"), ("#tag", "11"), ("\"mail list\"", "1"),
    ] {
      try await expect(query, finds: found)
    }
  }

  @Test func `each beginning of a word finds it, and so do its other forms`() async throws {
    try await index([["University"], ["Universe"], ["universities"], ["5e12ab34 1E5"], ["Running"]])
    for length in 3...7 { try await expect("University".prefix(length) + "*", finds: "1 2 3") }
    for (query, found) in [
      ("universi*", "1 3"), ("universit*", "1 3"), ("university*", "1"), ("universities", "1 2 3"), ("runs", "5"),
    ] {
      try await expect(query, finds: found)
    }
    // The parser would take the first half for a number, and the rest for a word.
    for query in ["5e12ab34", "5e12a*", "5e1*", "5e*", "1e5", "1e*"] { try await expect(query, finds: "4") }
    for query in ["ab34", "5e12"] { try await expect(query, finds: "") }
  }

  @Test func `however Unicode spells a word, it is the same`() async throws {
    try await index([
      ["caf\u{E9}"], ["cafe\u{301}s"], ["\u{FF26}\u{FF35}\u{FF2C}\u{FF2C}\u{3000}\u{FF57}idth"], ["co\u{AD}operate"],
      ["zero\u{200B}width"], ["\u{39F}\u{394}\u{39F}\u{3A3}"], ["STRASSE"], ["\u{FB01}nal \u{1D400}lpha"],
      ["\u{130}stanbul"], ["5\u{BD} Foo\u{2122} \u{2116}7 H\u{2082}O"],
      ["na\u{EF}ve \u{2018}quoted\u{2019} \u{2013} dash"],
    ])
    for (query, found) in [
      ("cafe\u{301}", "1 2"), ("CAF\u{C9}", "1 2"), ("full", "3"), ("\u{FF46}ull width", "3"), ("cooperate", "4"),
      ("co\u{AD}operate", "4"), ("zerowidth", "5"), ("ze\u{200B}ro\u{AD}wid*", "5"),
      ("\u{3BF}\u{3B4}\u{3BF}\u{3C2}", "6"), ("\u{3BF}\u{3B4}\u{3BF}\u{3C3}", "6"), ("stra\u{DF}e", "7"),
      ("STRA\u{1E9E}E", "7"), ("final", "8"), ("alpha", "8"), ("istanbul", "9"), ("5", "10"), ("foo", "10"),
      ("7", "10"), ("h2o", "10"), ("na\u{EF}ve", "11"), ("quoted", "11"), ("dash", "11"),
    ] {
      try await expect(query, finds: found)
    }
  }

  @Test func `scripts without blanks are found by each part of a run`() async throws {
    try await index([
      ["東京タワーの写真"], ["京都"], ["中文字, ภาษาไทยง่าย"], ["iPhone手机壳"], ["ｶﾀｶﾅ"],
    ])
    for (query, found) in [
      ("東京", "1"), ("タワー", "1"), ("写真", "1"), ("真", "1"), ("京", "1 2"), ("東京タワーの写真", "1"), ("\"京タワ\"", "1"),
      ("東写", ""), ("東タ", ""), ("京都", "2"), ("文字", "3"), ("ไทย", "3"), ("ภาษา", "3"), ("iphone", "4"), ("手机", "4"),
      ("iphone手机", "4"), ("カナ", "5"), ("東京 -写真", ""), ("京* -東京", "2"),
    ] {
      try await expect(query, finds: found)
    }
  }

  @Test func `a long document is found by all its words, and by phrases as far as positions reach`() async throws {
    try await catalogue.place.execute(
      """
      insert into assets (id, title, description)
      select 1, 'Long', string_agg('word' || g, ' ' order by g) || ' wi-fi at last'
      from generate_series(1, 17000) g;
      insert into assets (id, title, description)
        values (2, 'Red', repeat('red ', 300) || 'red kangaroo'), (3, 'Black', 'forest cake'), (4, 'Wi', 'the fi');
      """)
    try await index([])
    for (query, found) in [
      ("word1", "1"), ("word17000", "1"), ("last", "1"), ("wi-fi", "1"), ("word16000-word16001", "1"),
      ("\"word9000 word9001\"", "1"), ("\"word9001 word9000\"", ""), ("red kangaroo", "2"), ("red-kangaroo", "2"),
      ("\"black forest\"", ""), ("\"forest cake\"", "3"), ("black forest", "3"), ("black-forest", ""),
      // Beyond the positions that Postgres keeps, a phrase is not found.
      ("\"red kangaroo\"", ""), ("\"wi fi\"", ""),
    ] {
      try await expect(query, finds: found)
    }
  }

  @Test func `words that do not count are looked for where there are no others`() async throws {
    try await index([["It"], ["The Who"], ["Who are you"], ["The band"], ["Item"]])
    for (query, found) in [
      ("it", "1"), ("IT", "1"), ("the who", "2"), ("\"the who\"", "2"), ("who the", "2"), ("the band", "4"),
      ("who", "2 3"), ("the it", ""), ("it or who", "1 2 3"), ("it*", "1 5"), ("the -band", "2"),
    ] {
      try await expect(query, finds: found)
    }
  }

  @Test func `a passage that is pasted is cut at the end of a word`() async throws {
    let passage = (1...90).map { "passage\($0)" }.joined(separator: " ")
    #expect(passage.count > 600)
    try await index([[passage], ["passage1 alone"], [String(repeating: "x", count: 700)]])
    // Wherever the 500th character falls.
    for skipped in 0..<12 { try await expect(String(repeating: " ", count: skipped) + passage, finds: "1") }
    try await expect(String(repeating: "x", count: 700), finds: "3")
  }
}
