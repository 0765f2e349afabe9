import JobRuntime
import Postgres

/// The statements over the application's tables, as these are made and the settings have it.
struct Rewards: Sendable {
  let settings: RewardDelivery.Settings
  private let tables: Standing.Tables
  private let moment: Timestamp
  private let shard: Shard

  init(_ settings: RewardDelivery.Settings, _ tables: Standing.Tables, _ run: JobRun) {
    self.init(settings, tables, at: run.scheduledAt, for: run.shard)
  }

  init(_ settings: RewardDelivery.Settings, _ tables: Standing.Tables, at moment: Timestamp, for shard: Shard) {
    (self.settings, self.tables, self.moment, self.shard) = (settings, tables, moment, shard)
  }

  /// What a reward's status may become.
  static let states = ["queued", "delivered", "failed", "held", "no_code", "gone"]

  // MARK: What there is

  /// Where a page of rewards begins.
  struct Place: Sendable {
    var earnedAt: String
    var id: String
    /// The reward's type, if no code of it was free.
    var shortType: String? = nil
  }

  /// The next rewards to decide on, in the order of earning.
  ///
  /// - Parameter short: types that had no free code before, which get none in this run.
  func page(after place: Place?, short: [String], limit: Int) throws -> Statement {
    let after = SQLFragment(sql: "where (due.earned_at, due.id) > (:after_at::timestamptz, :after_id)")
    return try SQLFragment("page.sql", PackageResources.page_sql)
      .filling([
        "own": Self.own, "id_type": idType, "id_collation": idCollation, "free": Self.free(of: "t.reward_type"),
        "after": place.map { after.binding(["after_at": $0.earnedAt, "after_id": $0.id]) } ?? .empty,
      ]).binding(selection).binding(["short": short, "limit": limit]).statement()
  }

  /// The next rewards whose row does not say what it should.
  func changed(after id: String, limit: Int) throws -> Statement {
    try SQLFragment("changed.sql", PackageResources.changed_sql)
      .filling(["id_type": idType, "id_collation": idCollation, "outcome": outcome]).binding(selection).binding([
        "after_id": id, "limit": limit,
      ])
      .statement()
  }

  func left() throws -> Statement {
    try SQLFragment("left.sql", PackageResources.left_sql)
      .filling(["own": Self.own, "free": Self.free(of: "t.reward_type")]).binding(selection).statement()
  }

  // MARK: What is done

  /// Decides on some rewards and writes it.
  ///
  /// - Parameters:
  ///   - short: types that get no codes.
  ///   - isReplay: whether a person wants those that have failed to be decided on again.
  func deciding(_ ids: [String], short: [String], isReplay: Bool) throws -> Statement {
    let write = SQLFragment("write.sql", PackageResources.write_sql).filling(["status_type": statusType])
    return try decision([core(isLocking: true), write], [Self.outcomes, Self.untouched], ids, short, isReplay)
  }

  /// Decides on some rewards and writes nothing.
  func planning(_ ids: [String], short: [String]) throws -> Statement {
    try decision([core(isLocking: false)], [Self.outcomes], ids, short, false)
  }

  /// Notes what became of the messages of some rewards.
  func following(_ ids: [String]) throws -> Statement {
    let follow = SQLFragment("follow.sql", PackageResources.follow_sql).filling([
      "id_type": idType, "outcome": outcome, "status_type": statusType, "locking_deliveries": Self.locking("d"),
      "locking_rewards": Self.locking("r"),
    ])
    let outcomes = SQLFragment("followed_outcomes.sql", PackageResources.followed_outcomes_sql)
    return try SQLFragment.joined([follow, .joined([outcomes, Self.untouched], by: "\nunion all\n")], by: "\n")
      .binding(["moment": moment, "reward_ids": ids, "ids": ids]).statement()
  }

  /// The states that the application's column does not take.
  func refusedStates() throws -> Statement {
    try SQLFragment("states.sql", PackageResources.states_sql).filling([
      "whole_status_type": SQLFragment(sql: tables.wholeStatusType),
      "status_rules": SQLFragment(sql: tables.statusRules),
    ]).binding(["states": Self.states]).statement()
  }

  // MARK: Parts

  private static let own = SQLFragment("own.sql", PackageResources.own_sql)
  private static let hasStatus = SQLFragment("has_status.sql", PackageResources.has_status_sql)
  private static let outcomes = SQLFragment("decided_outcomes.sql", PackageResources.decided_outcomes_sql).filling([
    "has_status": hasStatus
  ])
  private static let untouched = SQLFragment("untouched.sql", PackageResources.untouched_sql)

  private static func free(of type: String) -> SQLFragment {
    SQLFragment("free.sql", PackageResources.free_sql).filling(["type": SQLFragment(sql: type)])
  }

  /// Skips rows that others have locked: neither an application nor another run waits for this one, nor it for them.
  private static func locking(_ table: String) -> SQLFragment {
    SQLFragment(sql: "for no key update of \(table) skip locked")
  }

  private var idType: SQLFragment { SQLFragment(sql: tables.idType) }
  private var idCollation: SQLFragment { SQLFragment(sql: tables.idCollation) }
  private var statusType: SQLFragment { SQLFragment(sql: tables.statusType) }

  private var outcome: SQLFragment {
    SQLFragment("outcome.sql", PackageResources.outcome_sql)
      .filling(["expires_at": column("expires_at", "r.expires_at", else: "null::timestamptz")])
  }

  private var selection: [String: any PostgresEncodable] {
    [
      "types": settings.types, "shard": shard.index, "shards": shard.count, "moment": moment,
      "waits": settings.noCode == .wait,
    ]
  }

  private func core(isLocking: Bool) -> SQLFragment {
    SQLFragment("decide.sql", PackageResources.decide_sql).filling([
      "id_type": idType, "expires_at": column("expires_at", "r.expires_at", else: "null::timestamptz"),
      "locale": column("locale", "u.locale::text", else: "null"),
      "name": column("name", "u.name::text", else: "null"), "free": Self.free(of: "types.type"),
      "has_status": Self.hasStatus, "locking_rewards": isLocking ? Self.locking("r") : .empty,
      "locking_codes": isLocking ? Self.locking("c") : .empty,
    ])
  }

  private func decision(
    _ parts: [SQLFragment], _ answers: [SQLFragment], _ ids: [String], _ short: [String], _ isReplay: Bool
  ) throws -> Statement {
    try SQLFragment.joined(
      [.joined(parts, by: ",\n"), .joined(answers, by: "\nunion all\n")], by: "\n"
    ).binding([
      "ids": ids, "statuses": isReplay ? ["due", "no_code", "failed"] : ["due", "no_code"], "is_replay": isReplay,
      "short": short,
      "moment": moment, "too_old": moment - settings.maxAge, "waits": settings.noCode == .wait,
      "on_doubt": settings.onDoubt.rawValue,
    ]).statement()
  }

  /// A column that an application may have or not.
  private func column(_ name: String, _ sql: String, else absent: String) -> SQLFragment {
    SQLFragment(sql: tables.optional.contains(name) ? sql : absent)
  }
}
