import JobRuntime
import TestSupport
import Testing

@testable import Trending

/// What settings are refused, what selects the work, and the rules that need no server.
@Suite struct SettingsTests {
  @Test(
    arguments: [
      ("TRENDING_WINDOWS", "1h,60m"), ("TRENDING_WINDOWS", "40d"), ("TRENDING_WINDOWS", "30s"),
      ("TRENDING_WINDOWS", "1h,2h,3h,4h,5h"), ("TRENDING_WINDOWS", "soon"), ("TRENDING_DECAY", "0"),
      ("TRENDING_DECAY", "1.01"), ("TRENDING_DECAY", "nan"), ("TRENDING_DECAY", "0x1p-1"), ("TRENDING_DECAY", "0.5@"),
      ("TRENDING_DECAY", "0.5@1h,0.6@60m"), ("TRENDING_DECAY", ""), ("TRENDING_WEIGHTS", "like"),
      ("TRENDING_WEIGHTS", "like=-1"), ("TRENDING_WEIGHTS", "like=1.0001"), ("TRENDING_WEIGHTS", "like=1001"),
      ("TRENDING_WEIGHTS", "like=1,like=2"), ("TRENDING_WEIGHTS", "=1"), ("TRENDING_KEY_PREFIX", "oneshot:lock:"),
      ("TRENDING_WEIGHTS", "like=1,"),
    ].filter { !$0.1.isEmpty })
  func `a value that means nothing is refused by its name`(name: String, value: String) {
    var env = Environment([name: value])
    _ = Trending.Settings(from: &env)
    #expect(env.problems.map(\.name) == [name])
  }

  @Test func `windows select the work in any order, have the names that are written, and each its decay`() {
    func settings(_ variables: [String: String]) -> (Trending.Settings, String) {
      var env = Environment(variables)
      let settings = Trending.Settings(from: &env)
      return (settings, env.variant)
    }
    let (usual, none) = settings(["TRENDING_WINDOWS": "7d, 1h,24h"])
    #expect(none == "" && usual.windows.map(\.label) == ["7d", "24h", "1h"])
    let (day, variant) = settings(["TRENDING_WINDOWS": "1d", "TRENDING_DECAY": "0.5@1h,0.9@24h"])
    #expect(variant == "windows-1d" && day.key(day.windows[0]) == "trending:1d")
    #expect(day.windows[0].decay.value == 0.9)
    #expect(usual.windows.allSatisfy { $0.decay == Decay.usual })
  }

  @Test func `weights are written back as they are meant`() {
    guard case .success(let weights) = Weights.parse("view=0.100, like=2,share=0.05,wow=999.999,none=0") else {
      Issue.record("it is refused")
      return
    }
    #expect(weights.text == "view=0.1,like=2,share=0.05,wow=999.999,none=0")
    #expect(weights.countsForNothing("none") && !weights.countsForNothing("share"))
  }

  @Test func `equal scores are in the order in which Redis reads them, and an author has a few`() {
    func candidate(_ post: String, _ score: Int64, by author: String?) -> Candidate {
      Candidate(post: post, author: author, score: score, people: 3)
    }
    let limits = Limits(members: 4, perAuthor: 1, people: 3)
    let list = limits.list(of: [
      candidate("10", 5, by: "a"), candidate("9", 5, by: "b"), candidate("1", 7, by: "a"), candidate("é", 5, by: nil),
      candidate("2", 1, by: nil), candidate("3", 1, by: nil),
    ])
    #expect(list.map(\.post) == ["1", "é", "9", "3"])
    #expect(candidate("1", 1_000_001, by: nil).scoreText == "1.000001")
    #expect(candidate("1", 999_999, by: nil).scoreText == "0.999999")
  }

  @Test func `a list is proven only once every other post is strictly below its last member`() {
    var search = Search(limits: Limits(members: 1, perAuthor: 0, people: 0))
    search.see([.init(post: "a", bound: 9), .init(post: "b", bound: 5), .init(post: "c", bound: 4)], hasMore: false)
    #expect(search.list(lookedAt: []) == nil && search.next(2, lookedAt: []) == ["a", "b"])
    search.add(Candidate(post: "a", author: nil, score: 5, people: 1))
    #expect(search.list(lookedAt: [ExactName("a")]) == nil)
    #expect(search.list(lookedAt: [ExactName("a"), ExactName("b")])?.map(\.post) == ["a"])
    search.see([.init(post: "a", bound: 9)], hasMore: true)
    #expect(search.list(lookedAt: [ExactName("a")]) == nil)
  }

  @Test func `the first posts to look at are those with half of the bound at the last member's place`() {
    var search = Search(limits: Limits(members: 2, perAuthor: 0, people: 0))
    search.see([9, 8, 5, 4, 3].map { .init(post: "\($0)", bound: $0) }, hasMore: false)
    #expect(search.first(100) == 4 && search.first(3) == 3)
    search.see([9, 8].map { .init(post: "\($0)", bound: $0) }, hasMore: false)
    #expect(search.first(100) == 100)
  }
}
