import JobRuntime

/// A post with its score in one window.
struct Candidate: Sendable, Equatable {
  var post: String
  /// The author's id.
  var author: String?
  /// In millionths of a point.
  var score: Int64
  /// How many people other than the author did something to it.
  var people: Int

  /// As Redis keeps it.
  var scoreText: String {
    "\(score / 1_000_000)." + String(1_000_000 + score % 1_000_000).dropFirst()
  }
}

/// Which posts become members of a list.
struct Limits: Sendable, Equatable {
  var members: Int
  /// 0 is any number.
  var perAuthor: Int
  var people: Int

  /// The members of the list, in the order in which Redis reads them back: the best first, equal ones by the bytes of
  /// their ids, descending.
  func list(of candidates: [Candidate]) -> [Candidate] {
    var listed: [Candidate] = []
    var byAuthor: [ExactName: Int] = [:]
    for candidate in candidates.sorted(by: Self.isBefore) where candidate.people >= people && candidate.score > 0 {
      guard listed.count < members else { break }
      if perAuthor > 0, let author = candidate.author {
        let count = byAuthor[ExactName(author), default: 0]
        guard count < perAuthor else { continue }
        byAuthor[ExactName(author)] = count + 1
      }
      listed.append(candidate)
    }
    return listed
  }

  private static func isBefore(_ left: Candidate, _ right: Candidate) -> Bool {
    guard left.score == right.score else { return left.score > right.score }
    return right.post.utf8.lexicographicallyPrecedes(left.post.utf8)
  }
}

/// The search for one window's list: it looks only at the posts with the greatest bounds, and knows when no other post
/// can be in the list.
struct Search: Sendable {
  struct Bound: Sendable, Equatable {
    var post: String
    /// In millionths of a point: no score of the post is above it.
    var bound: Int64
  }

  let limits: Limits
  /// The posts with the greatest bounds, descending.
  private(set) var bounds: [Bound] = []
  /// Whether there are posts beyond `bounds`.
  private(set) var hasMore = true
  private(set) var candidates: [Candidate] = []

  init(limits: Limits) { self.limits = limits }

  mutating func see(_ bounds: [Bound], hasMore: Bool) { (self.bounds, self.hasMore) = (bounds, hasMore) }

  mutating func add(_ candidate: Candidate) {
    if candidate.people >= limits.people, candidate.score > 0 { candidates.append(candidate) }
  }

  /// The list, once no post that was not looked at can be a member; `nil` until then.
  ///
  /// A post with the same score as the last member might stand before it by its id.
  func list(lookedAt: Set<ExactName>) -> [Candidate]? {
    let list = limits.list(of: candidates)
    let next = bounds.first { !lookedAt.contains(ExactName($0.post)) } ?? (hasMore ? bounds.last : nil)
    guard let next else { return list }
    guard list.count == limits.members, let last = list.last, next.bound < last.score else { return nil }
    return list
  }

  /// How many posts to look at first: those with at least half of the bound at the last member's place.
  ///
  /// Few scores are under half of their bounds, so these posts usually prove the list.
  func first(_ most: Int) -> Int {
    guard bounds.count > limits.members else { return most }
    let least = bounds[limits.members - 1].bound / 2
    return bounds.prefix(most).prefix { $0.bound >= least }.count
  }

  /// The next posts to look at.
  func next(_ count: Int, lookedAt: Set<ExactName>) -> [String] {
    bounds.lazy.filter { !lookedAt.contains(ExactName($0.post)) }.prefix(count).map(\.post)
  }
}
