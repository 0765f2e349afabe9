import JobRuntime
import Synchronization

/// What became of documents.
struct Tally: Sendable, Equatable {
  var read = 0
  var inserted = 0
  var updated = 0
  var unchanged = 0
  var removed = 0
  var failed = 0
  // What is found by a run that only looks.
  var missing = 0
  var stale = 0
  var orphaned = 0

  static func += (left: inout Tally, right: Tally) {
    left.read += right.read
    left.inserted += right.inserted
    left.updated += right.updated
    left.unchanged += right.unchanged
    left.removed += right.removed
    left.failed += right.failed
    left.missing += right.missing
    left.stale += right.stale
    left.orphaned += right.orphaned
  }

  var hasWritten: Bool { inserted + updated + removed > 0 }

  fileprivate func counts(_ mode: Mode) -> [(String, JSON)] {
    let found =
      mode == .verify
      ? [("missing", missing), ("stale", stale), ("orphaned", orphaned)]
      : [("inserted", inserted), ("updated", updated), ("removed", removed)]
    return ([("read", read)] + found + [("unchanged", unchanged), ("failed", failed)])
      .map { ($0.0, .integer(Int64($0.1))) }
  }
}

extension Reindex {
  /// What a run counted, all together and for each entity.
  struct Report: JobReport {
    let tally: Tally
    /// Queued documents that the run could not do.
    let behind: Int
    /// Languages of documents that search() does not look for, and indexes that are not there.
    let missingParts: Int
    let json: JSON

    var itemsProcessed: Int { tally.read }
    var exceedsBudget: Bool { tally.missing + tally.stale + tally.orphaned + missingParts > 0 }

    /// - Parameter start: when an earlier run began with what this one went on with.
    init(
      _ tallies: [(entity: String, tally: Tally)], _ mode: Mode, resumedFrom start: Timestamp? = nil, behind: Int = 0,
      missingParts: Int = 0
    ) {
      self.behind = behind
      self.missingParts = missingParts
      tally = tallies.reduce(into: Tally()) { $0 += $1.tally }
      let entities = tallies.map { ($0.entity, JSON(members: $0.tally.counts(mode))) }
      json = JSON(
        members: (start.map { [("resumed_from", .string($0.rfc3339))] } ?? [])
          + tally.counts(mode) + (mode == .pending ? [("behind", .integer(Int64(behind)))] : [])
          + [("entities", JSON(members: entities))])
    }

    func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
  }
}

/// What the lanes of a run have done so far, together.
final class Progress: Sendable {
  private let mode: Mode
  private let resumedFrom = Mutex<Timestamp?>(nil)
  private let left = Mutex<[String: Int]>([:])
  private let parts = Mutex(0)
  private let tallies = Mutex<[(entity: String, tally: Tally)]>([])

  init(_ mode: Mode) { self.mode = mode }

  func add(_ tally: Tally, to entity: Entity) {
    tallies.withLock { tallies in
      let place = tallies.firstIndex { $0.entity == entity.name } ?? tallies.endIndex
      if place == tallies.endIndex { tallies.append((entity.name, Tally())) }
      tallies[place].tally += tally
    }
  }

  /// Notes that this run continues what an earlier one has begun.
  func noteResumption(from start: Timestamp?) {
    resumedFrom.withLock { $0 = $0 ?? start }
  }

  /// Notes how many queued documents of an entity are left to this run and to later ones.
  func noteLeft(_ count: Int, of entity: String) { left.withLock { $0[entity] = count } }

  /// Notes how many languages or indexes are missing.
  func noteMissing(_ count: Int) { parts.withLock { $0 += count } }

  var report: Reindex.Report {
    Reindex.Report(
      tallies.withLock(\.self), mode, resumedFrom: resumedFrom.withLock(\.self),
      behind: left.withLock { $0.values.reduce(0, +) },
      missingParts: parts.withLock(\.self))
  }
}
