import Foundation

/// What must have become of events: each good one has its effect once, each bad one is a dead letter, boards are a count.
package struct DrainedModel {
  private static let boards = [
    "feed.liked": [("feeds_liked", "feed_id", 1), ("users_liked", "author_id", 1)],
    "feed.unliked": [("feeds_liked", "feed_id", -1), ("users_liked", "author_id", -1)],
    "feed.viewed": [("feeds_viewed", "feed_id", 1)], "feed.commented": [("comments", "feed_id", 1)],
  ]

  package private(set) var effects: [String] = []
  package private(set) var letters: [String] = []
  private var scores: [String: Int] = [:]
  private var seen: Set<String> = []

  package init(_ events: [String]) throws {
    for event in events { try take(event) }
  }

  package var boards: [String] { scores.filter { $0.value != 0 }.map { "\($0.key) \($0.value)" }.sorted() }

  private mutating func take(_ text: String) throws {
    guard let event = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
      let id = event["id"] as? String, let type = event["type"] as? String
    else { throw TestFailure("a model of events that can be read: \(text)") }
    guard seen.insert(id).inserted else { return }
    let data = event["data"] as? [String: Any] ?? [:]
    guard let counted = Self.boards[type] else {
      if data["amount"] is NSNumber { effects.append(id) } else { letters.append("failed \(type) \(id) pending") }
      return
    }
    for (board, member, delta) in counted {
      if let member = data[member] as? Int { scores["\(board) \(member)", default: 0] += delta }
    }
  }
}

extension Drained {
  /// What is not as it must be after these events, in the order in which they came; nothing when all is right.
  package func mistakes(after events: [String]) async throws -> [String] {
    let model = try DrainedModel(events)
    var mistakes: [String] = []
    func compare(_ what: String, _ stored: [String], _ model: [String]) {
      let (stored, model) = (stored.sorted(), model.sorted())
      guard stored != model else { return }
      mistakes.append("\(what): \(stored.difference(from: model).prefix(5))")
    }
    compare("effects", try await place.rows("select id as a from effects").map { $0[0] }, model.effects)
    compare("dead letters", try await letters(), model.letters)
    compare("boards", try await boards(), model.boards)
    let waiting = try await place.value("select count(*) from oneshot.event_inbox where state = 'waiting'")
    if waiting != "0" { mistakes.append("\(waiting) events wait") }
    if let pending = try? await pending(), pending > 0 { mistakes.append("\(pending) entries are pending") }
    return mistakes
  }

  /// Events of all kinds: good ones, bad ones, ones that came before, and what happens on feeds.
  ///
  /// - Parameter sent: how many events there have been.
  package static func random(after sent: Int, using random: inout SeededGenerator) -> [String] {
    (0..<Int.random(in: 0..<40, using: &random)).map { place in
      let id = sent + place
      switch Int.random(in: 0..<12, using: &random) {
      case 0: return event(id, amount: #""bad""#)
      case 1: return event(1_000_000 + Int.random(in: 0..<20, using: &random))
      case 2..<7:
        let verb = ["liked", "liked", "unliked", "viewed", "commented"].randomElement(using: &random) ?? "liked"
        let feed = Int.random(in: 1...9, using: &random)
        return happening(id, verb, on: feed, of: 10 + feed % 3)
      default: return event(id)
      }
    }
  }
}
