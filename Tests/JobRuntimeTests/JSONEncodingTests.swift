import Testing

@testable import JobRuntime

@Suite struct JSONEncodingTests {
  private struct Inner: Encodable {
    var keysWithoutTTL = 3
    var isDone = true
  }

  private enum Word: String, Encodable { case twoWords }

  private struct Outer: Encodable {
    var inserted = 1
    var byDay = [Inner(), Inner(keysWithoutTTL: 4, isDone: false)]
    var nothing: Int?
    var list: [Int?] = [1, nil]
    var perShop = ["shopId": 5, "a b": 6]
    var word = Word.twoWords
    var ratio = 0.5
    var narrow = Float(0.25)
    var least = Int8.min
    var most = UInt64.max
    var raw: JSON = ["asIs": [.null]]
    var empty: [String] = []
    var numbered = [7: "x"]
  }

  private struct Empty: Encodable {}

  @Test func `names of members become snake case and everything else stays`() throws {
    let text = try JSON(encoding: Outer()).text
    #expect(
      text == """
        {"inserted":1,"by_day":[{"keys_without_ttl":3,"is_done":true},{"keys_without_ttl":4,"is_done":false}],\
        "list":[1,null],"per_shop":{"a b":6,"shopId":5},"word":"twoWords","ratio":0.5,"narrow":0.25,"least":-128,\
        "most":"18446744073709551615","raw":{"asIs":[null]},"empty":[],"numbered":{"7":"x"}}
        """)
    _ = try parsedJSON(text)
  }

  @Test func `single values and empty ones have a form too`() throws {
    #expect(try JSON(encoding: 5) == 5)
    #expect(try JSON(encoding: "x") == "x")
    #expect(try JSON(encoding: [1, 2]) == [1, 2])
    #expect(try JSON(encoding: Empty()) == [:])
    #expect(try JSON(encoding: ["k": [Empty()]]) == ["k": [[:]]])
    #expect(try JSON(encoding: JSON.bool(true)) == true)
    #expect(try JSON(encoding: Int?.none) == .null)
  }

  @Test func `nested containers of an enumeration are kept`() throws {
    enum Choice: Encodable { case firstOne(someValue: Int) }
    #expect(try JSON(encoding: Choice.firstOne(someValue: 5)).text == #"{"first_one":{"some_value":5}}"#)
  }

  @Test(arguments: [
    ("a", "a"), ("keys", "keys"), ("keysWithoutTTL", "keys_without_ttl"), ("TTLKeys", "ttl_keys"), ("URL", "url"),
    ("aB", "a_b"), ("already_snake", "already_snake"), ("day2x", "day2x"), ("isNaN", "is_na_n"), ("", ""),
  ])
  func `a name becomes snake case`(name: String, snake: String) {
    #expect(JSON.snakeCase(name) == snake)
  }

  @Test func `a report's whole numbers are its counts and the rest its details`() throws {
    struct Report: JobReport {
      var inserted = 3
      var share = 0.5
      var isDone = true
      var days = ["2025-11-01"]
      var keysSeen: Int64 = 9
    }
    let (counts, details) = try Report().split()
    #expect(counts.text == #"{"inserted":3,"keys_seen":9}"#)
    #expect(details.text == #"{"share":0.5,"is_done":true,"days":["2025-11-01"]}"#)
  }
}
