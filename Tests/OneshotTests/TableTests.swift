import Foundation
import JobRuntime
import Operations
import Testing

@testable import Oneshot

/// What people are shown, whatever it is that is shown to them.
@Suite struct TableTests {
  @Test(arguments: [
    ("plain text, größer, 日本語, 😀", "plain text, größer, 日本語, 😀"),
    ("\u{1b}[2J\u{1b}]0;title\u{7}", #"\u{1b}[2J\u{1b}]0;title\u{7}"#),
    ("\u{9b}31m red", #"\u{9b}31m red"#),
    ("a\nb\r\nc\td", #"a\nb\r\nc\td"#),
    ("abc\u{202e}txt.exe\u{2066}", #"abc\u{202e}txt.exe\u{2066}"#),
    ("a\u{200b}b\u{ad}c\u{feff}\u{2028}\u{2029}", #"a\u{200b}b\u{ad}c\u{feff}\u{2028}\u{2029}"#),
    ("\u{e0041}\u{e000}\u{3164}\0\u{7f}", #"\u{e0041}\u{e000}\u{3164}\u{0}\u{7f}"#),
    ("e\u{301} back\\slash", "e\u{301} back\\slash"),
  ])
  func `what a terminal obeys, and what nobody sees, is escaped`(text: String, shown: String) {
    #expect(Array(printable(text).unicodeScalars) == Array(shown.unicodeScalars))
  }

  @Test func `no scalar that a terminal might obey passes`() {
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let shown = printable(String(String.UnicodeScalarView([scalar]))).unicodeScalars
      let isObeyed = value < 0x20 || (0x7F...0x9F).contains(value)
      let turns =
        [0x61C, 0x200E, 0x200F].contains(value) || (0x202A...0x202E).contains(value)
        || (0x2066...0x2069).contains(value)
      if isObeyed || turns { #expect(shown.allSatisfy { $0.isASCII && $0.value >= 0x20 && $0.value < 0x7F }) }
    }
  }

  @Test func `a document for programs holds nothing that a terminal obeys, and is the same document`() throws {
    let text = "\u{9b}2J \u{202e} \u{e0041} ä 😀 \u{1b} \" \\ \u{2028}"
    let shown = printable(["a\u{85}": .string(text), "b": .verbatim("{\"c\": \"\u{9b}\"}")])
    #expect(printable(shown) == shown)
    let value = try #require(try JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: Any])
    #expect(value["a\u{85}"] as? String == text && value["b"] as? [String: String] == ["c": "\u{9b}"])
  }

  @Test func `columns are aligned by what a terminal shows, numbers on the right`() {
    var table = Table("name", .number("items"), "what")
    table.add("a", "7", "first")
    table.add("größer", "12345", "second")
    table.add("日本", nil, "")
    #expect(
      table.text(width: nil) == """
        NAME    ITEMS  WHAT
        a           7  first
        größer  12345  second
        日本        -  -

        """)
  }

  @Test func `the last column is cut to the terminal, and to nothing where nobody reads along`() {
    var table = Table("id", "message")
    let long = String(repeating: "wörter 日本 ", count: 30)
    table.add("1", long)
    let lines = table.text(width: 40).split(separator: "\n")
    #expect(lines[1].hasSuffix("…") && String(lines[1]).columns <= 40 && String(lines[1]).columns > 37)
    #expect(table.text(width: nil).contains(long))
    #expect(table.text(width: 1).split(separator: "\n")[1].hasPrefix("1   wörter"), "too narrow for anything")
  }

  @Test func `a cell that is not the last has its end, also where nobody reads along`() {
    var table = Table("kind", "message")
    let long = String(repeating: "k", count: 100_000)
    for _ in 1...3 { table.add(long, "m") }
    table.add("short", long)
    let lines = table.text(width: nil).split(separator: "\n")
    #expect(lines.prefix(4).allSatisfy { $0.count < 220 } && lines[4].hasSuffix(long))
  }

  @Test func `a hostile cell stays one cell of one line`() {
    var table = Table("key", "message")
    table.add("a\nROW", "\u{1b}[1A\r\nforged")
    #expect(table.text(width: nil).split(separator: "\n").count == 2)
    var sheet = Sheet()
    sheet.add("message", "one\r\ntwo\u{1b}[2J")
    sheet.add("nothing", nil)
    sheet.add("n", "1")
    #expect(sheet.text == "message  one\\r\n         two\\u{1b}[2J\nn        1\n")
  }

  @Test(arguments: [
    (Duration.milliseconds(0), "0s"), (.seconds(7), "7s"), (.milliseconds(41), "41ms"), (.milliseconds(2549), "2.5s"),
    (.seconds(59), "59s"),
    (.seconds(60), "1m"), (.seconds(65), "1m 5s"), (.minutes(185), "3h 5m"), (.hours(52), "2d 4h"),
    (.days(400), "400d"), (.seconds(-65), "-1m 5s"),
  ])
  func `a length reads short`(length: Duration, text: String) { #expect(length.short == text) }

  @Test func `a moment reads with its age`() throws {
    let now = try #require(Timestamp(rfc3339: "2025-11-01T02:00:00.5Z"))
    #expect((now - .minutes(61)).withAge(at: now) == "2025-11-01T00:59:00Z (1h 1m ago)")
    #expect((now + .seconds(90)).age(at: now) == "in 1m 30s")
    #expect(Timestamp(microseconds: -1).toTheSecond == "1969-12-31T23:59:59Z")
  }
}
