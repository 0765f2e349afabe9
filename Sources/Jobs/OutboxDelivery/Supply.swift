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
    /// There is nothing now, and there may be by then.
    case later(ContinuousClock.Instant)
    case nothing
  }

  private let channel: Channel
  private let state = Mutex<(page: [Candidate], passed: [String])>(([], []))

  private static let pageSize = 200
  /// The message that tries a target takes no longer than any other.
  private static let trial = Duration.milliseconds(50)

  init(_ channel: Channel) { self.channel = channel }

  /// The next message, once its targets and its domain's rate admit it.
  ///
  /// Other lanes wait meanwhile; reading takes no locks that anybody else could hold.
  func next(
    _ tx: borrowing Transaction, _ targets: Targets, _ pace: Pace, besides relay: Target?, at moment: Timestamp,
    _ step: Step
  ) throws -> Found {
    try state.withLock { state in
      while true {
        if let relay, targets.closed(at: moment).contains(relay) { break }
        var index = 0
        while index < state.page.count {
          let candidate = state.page[index]
          // It keeps its place until the time of its domain has come.
          guard relay == nil || pace.admits(candidate.target) else {
            index += 1
            continue
          }
          state.page.remove(at: index)
          if targets.admits([candidate.target] + [relay].compactMap(\.self), at: moment) {
            return .candidate(candidate)
          }
          pace.release(candidate.target)
        }
        // All of the page may wait for a target that is closed by now; the next page leaves those out.
        let closed = targets.closed(at: moment) + (relay == nil ? [] : pace.waiting?.domains ?? [])
        let page = try read(tx, closed, passed: state.passed + state.page.map(\.id), at: moment, step)
        guard !page.isEmpty else { break }
        state.page += page
      }
      if targets.isAnyTried { return .later(.now + Self.trial) }
      guard relay != nil, let waiting = pace.waiting else { return .nothing }
      let closed = targets.closed(at: moment)
      let isMore =
        try !state.page.isEmpty
        || !tx.query(Self.page(of: channel, closed: closed, passed: state.passed, limit: 1, at: moment)).isEmpty
      return isMore ? .later(waiting.until) : .nothing
    }
  }

  /// A message that another session holds: the next run looks at it again.
  func pass(_ candidate: Candidate) { state.withLock { $0.passed.append(candidate.id) } }

  /// One that is sent a little later.
  func putBack(_ candidate: Candidate) { state.withLock { $0.page.insert(candidate, at: 0) } }

  private func read(
    _ tx: borrowing Transaction, _ closed: [Target], passed: [String], at moment: Timestamp, _ step: Step
  ) throws -> [Candidate] {
    while true {
      let rows = try tx.query(
        Self.page(of: channel, closed: closed, passed: passed, limit: Self.pageSize, at: moment))
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
      var count = 0
      for (state, ids) in [("expired", expired), ("suppressed", suppressed)] where !ids.isEmpty {
        let some = try tx.execute(
          Statement(file: "set_aside.sql", PackageResources.set_aside_sql, binding: ["state": state, "ids": ids]))
        count += some
        step.count {
          $0.due += some
          if state == "expired" { $0.expired += some } else { $0.suppressed += some }
        }
      }
      // Where another session holds all of them, the next page would be the same.
      if !candidates.isEmpty || rows.count < Self.pageSize || count == 0 { return candidates }
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
    ).filling(["suppressed": .suppressed, "target": .target]).binding(["moment": moment]).statement()
  }
}

extension SQLFragment {
  /// Over a row `d` of `oneshot.deliveries`: whether its address gets no mail of its category.
  static let suppressed = SQLFragment("suppressed.sql", PackageResources.suppressed_sql)
  /// Over the same: its domain or its endpoint, as `Target` names it.
  static let target = SQLFragment("target_name.sql", PackageResources.target_name_sql)
}
