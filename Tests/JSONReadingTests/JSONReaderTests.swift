import JSONReading
import Testing

/// What is JSON by RFC 8259, and what only looks like it.
@Suite struct JSONReaderTests {
  @Test(arguments: [
    "null", " true ", "0", "-0", "-12.5e-3", "1E+9", "\"\"", #""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "[]",
    "[1, [2]]", "{}", #"{"a": {"b": []}, "a": 1}"#, "\"ü\u{7f}\"",
  ])
  func `this is JSON`(text: String) { #expect(JSONValue(json: text) != nil) }

  @Test(arguments: [
    "", " ", "nul", "True", "+1", "01", "-", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "'a'", "\"a", "\"\n\"",
    #""\x41""#, #""\u12""#, #""\u+123""#, #""\ud83d""#, #""\ude00""#, #""\ud83d\u0041""#, "[1,]", "[,1]", "[1 2]", "[",
    "{a: 1}", "{\"a\"}", "{\"a\": 1,}", "{\"a\": 1", "1 2", "{} x", "// 1", "\u{FEFF}{}",
  ])
  func `this is not JSON`(text: String) { #expect(JSONValue(json: text) == nil) }

  @Test func `values are what was written`() {
    #expect(
      JSONValue(json: #"{"a": [1.50, false, null], "b": "\ud83d\ude00\u00fc"}"#)
        == .object([.init("a", .list([.number("1.50"), .bool(false), .null])), .init("b", .string("😀ü"))]))
  }

  @Test func `bytes that are not UTF-8 are not JSON`() {
    #expect(JSONValue(json: [0x22, 0xC3, 0x28, 0x22]) == nil)
    #expect(JSONValue(json: [0x22, 0xED, 0xA0, 0x80, 0x22]) == nil)
    #expect(JSONValue(json: Array("\"ü\"".utf8)) == .string("ü"))
  }

  @Test func `what is nested too deep is refused before the stack is`() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(JSONValue(json: nested(32), depth: 32) != nil)
    #expect(JSONValue(json: nested(33), depth: 32) == nil)
    #expect(JSONValue(json: String(repeating: #"{"a":["#, count: 500_000)) == nil)
  }

  @Test func `names are compared by their bytes, and the last one counts`() {
    let value = JSONValue(json: "{\"\u{e9}\": 1, \"e\u{301}\": 2, \"a\": 3, \"a\": 4}")
    #expect(value?["\u{e9}"] == .number("1") && value?["e\u{301}"] == .number("2") && value?["a"] == .number("4"))
  }
}
