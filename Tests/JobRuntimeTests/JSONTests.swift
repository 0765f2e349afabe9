import Foundation
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct JSONTests {
  @Test func `a text of any content is valid JSON and means the same`() throws {
    for text in hostileTexts {
      let parsed = try #require(try parsedJSON(JSON.string(text).text) as? String)
      #expect(Array(parsed.utf8) == Array(text.utf8))
      #expect(!JSON.string(text).text.contains { $0.isNewline && $0.isASCII })
    }
  }

  @Test func `a member's name of any content is valid JSON`() throws {
    for text in hostileTexts {
      let object = try #require(try parsedJSON(JSON(members: [(text, 1)]).text) as? [String: Int])
      #expect(object.count == 1)
      #expect(object.keys.first.map { Array($0.utf8) } == Array(text.utf8))
    }
  }

  @Test func `random texts are valid JSON and mean the same`() throws {
    var generator = SeededGenerator(5)
    for _ in 0..<3000 {
      let scalars = (0..<Int.random(in: 0...20, using: &generator)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0...(Bool.random(using: &generator) ? 0x80 : 0x2FFF), using: &generator))
      }
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      let parsed = try #require(try parsedJSON(JSON.string(text).text) as? String)
      #expect(Array(parsed.utf8) == Array(text.utf8))
    }
  }

  @Test(
    arguments: [
      (.null, "null"), (true, "true"), (.integer(.min), "-9223372036854775808"), (.double(0.1), "0.1"),
      (.double(.infinity), "null"), (.double(.nan), "null"), ([], "[]"), ([:], "{}"),
      ([1, [2, "3"]], #"[1,[2,"3"]]"#),
      (["b": 1, "a": .null], #"{"b":1,"a":null}"#), (.verbatim(#"{"x": 1}"#), #"{"x": 1}"#), ("\u{1}", #""\u0001""#),
      ("a\"\\\n\r\t", #""a\"\\\n\r\t""#), ("\u{7f}", #""\u007f""#),
    ] as [(JSON, String)])
  func `a value of each kind has its text`(value: JSON, text: String) {
    #expect(value.text == text)
  }

  @Test(arguments: [0.1, 1e300, -1e-300, 1e16, 123456789.125, -0.0, .greatestFiniteMagnitude])
  func `a number keeps its value`(number: Double) throws {
    #expect((try parsedJSON(JSON.double(number).text) as? NSNumber)?.doubleValue == number)
  }

  @Test func `members are found by name`() {
    let object: JSON = ["a": 1, "b": "two"]
    #expect(object["b"] == "two")
    #expect(object["c"] == nil)
    #expect(JSON.integer(1)["a"] == nil)
  }
}
