import JobRuntime
import Postgres
import Synchronization

/// Messages that are due, read a page at a time for all lanes together.
final class Supply: Sendable {
  struct Candidate: Sendable {
    var id: String
    var target: Target
  }

  /// What a lane finds.
  enum Found {
    case candidate(Candidate)
    /// There is nothing now, and there may be soon.
    case later
    case nothing
  }

  private let channel: Channel
  private let state = Mutex<(page: ArraySlice<Candidate>, passed: [String])>(([], []))

  private static let pageSize = 200

  init(_ channel: Channel) { self.channel = channel }

  /// The next message, once its targets admit it.
  ///
  /// Other lanes wait meanwhile; reading takes no locks that anybody else could hold.
  func next(
    _ tx: borrowing Transaction, _ targets: Targets, besides relay: Target?, at moment: Timestamp, _ tally: Tally
  ) throws -> Found {
    try state.withLock { state in
      if let relay, targets.closed(at: moment).contains(relay) { return targets.isAnyTried ? .later : .nothing }
      while true {
        while let candidate = state.page.popFirst() {
          if targets.admits([candidate.target] + [relay].compactMap(\.self), at: moment) {
            return .candidate(candidate)
          }
        }
        let page = try read(tx, targets, passed: state.passed, at: moment, tally)
        guard !page.isEmpty else { return targets.isAnyTried ? .later : .nothing }
        state.page = page[...]
        // All of it may wait for a target that is closed by now; the next page leaves those out.
      }
    }
  }

  /// A message that somebody else holds: the next run looks at it again.
  func pass(_ candidate: Candidate) { state.withLock { $0.passed.append(candidate.id) } }

  private func read(
    _ tx: borrowing Transaction, _ targets: Targets, passed: [String], at moment: Timestamp, _ tally: Tally
  ) throws -> [Candidate] {
    while true {
      let rows = try tx.query(
        Self.page(of: channel, closed: targets.closed(at: moment), passed: passed, limit: Self.pageSize, at: moment))
      var expired: [String] = []
      var suppressed: [String] = []
      var candidates: [Candidate] = []
      for row in rows {
        let id: String = try row.value("delivery_id")
        if try row.value("is_expired") {
          expired.append(id)
        } else if try row.value("is_suppressed") {
          suppressed.append(id)
        } else {
          candidates.append(Candidate(id: id, target: Target(channel, try row.value("recipient"))))
        }
      }
      for (state, ids) in [("expired", expired), ("suppressed", suppressed)] where !ids.isEmpty {
        let count = try tx.execute(
          Statement(file: "set_aside.sql", PackageResources.set_aside_sql, binding: ["state": state, "ids": ids]))
        tally.count {
          $0.due += count
          if state == "expired" { $0.expired += count } else { $0.suppressed += count }
        }
      }
      if !candidates.isEmpty || rows.count < Self.pageSize { return candidates }
    }
  }

  static func page(
    of channel: Channel, closed: [Target], passed: [String], limit: Int, at moment: Timestamp
  ) throws(PostgresError) -> Statement {
    try SQLFragment(
      "page.sql", PackageResources.page_sql,
      [
        "channel": channel.rawValue, "closed": closed.map(\.name).sorted(), "passed": passed, "limit": limit,
        "moment": moment,
      ]
    ).filling(["suppressed": .suppressed, "open": .open]).binding([
      "moment": moment, "closed": closed.map(\.name).sorted(),
    ]).statement()
  }
}

extension SQLFragment {
  /// Over a row `d` of `oneshot.deliveries`: whether its address gets no mail of its category.
  static let suppressed = SQLFragment("suppressed.sql", PackageResources.suppressed_sql)
  /// Over the same: whether its domain or its endpoint is open.
  static let open = SQLFragment("open.sql", PackageResources.open_sql)
}
