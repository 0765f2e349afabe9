import JobRuntime
import Postgres
import Synchronization

/// What became of documents.
struct Tally: Sendable, Equatable, Encodable {
  var read = 0
  var inserted = 0
  var updated = 0
  var unchanged = 0
  var removed = 0
  var failed = 0

  static func += (left: inout Tally, right: Tally) {
    left.read += right.read
    left.inserted += right.inserted
    left.updated += right.updated
    left.unchanged += right.unchanged
    left.removed += right.removed
    left.failed += right.failed
  }

  var hasWritten: Bool { inserted + updated + removed > 0 }
}

/// What the lanes of a run have done so far, together.
final class Progress: Sendable {
  private let tallies = Mutex<[(entity: String, tally: Tally)]>([])

  func add(_ tally: Tally, to entity: String) {
    tallies.withLock { tallies in
      let place = tallies.firstIndex { $0.entity == entity } ?? tallies.endIndex
      if place == tallies.endIndex { tallies.append((entity, Tally())) }
      tallies[place].tally += tally
    }
  }

  var read: Int { tallies.withLock { $0.reduce(0) { $0 + $1.tally.read } } }

  func report() throws -> Reindex.Report {
    let tallies = tallies.withLock(\.self)
    return Reindex.Report(
      tallies.reduce(into: Tally()) { $0 += $1.tally },
      entities: JSON(members: try tallies.map { ($0.entity, try JSON(encoding: $0.tally)) }))
  }
}
