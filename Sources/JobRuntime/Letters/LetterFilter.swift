package import Postgres

extension DeadLetter {
  /// The letter of this name; where there is none, those whose id begins with it.
  package static func named(
    _ item: String, of job: String, instance: String? = nil, server: String? = nil, limit: Int
  ) throws(PostgresError) -> Statement {
    // Fewer digits may as well be a mistyped item.
    let beginning = item.utf8.count >= 6 && item.utf8.count <= 64 && item.utf8.allSatisfy(isDigit) ? item : nil
    let missing = 64 - item.utf8.count
    return try SQLFragment(
      "letter_named.sql", PackageResources.letter_named_sql,
      [
        "instance": instance, "job": job, "server": server, "item": item,
        "lowest": beginning.map { $0 + String(repeating: "0", count: missing) },
        "highest": beginning.map { $0 + String(repeating: "f", count: missing) }, "limit": limit,
      ]
    ).filling(["columns": LetterSize.columns(of: "d")]).statement()
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }

  /// The actions on it, newest first: at most `limit` of `total`.
  package func actions(limit: Int) throws(PostgresError) -> Statement {
    try Statement(
      file: "letter_actions.sql", PackageResources.letter_actions_sql,
      binding: ["instance": instance, "job": job, "server": server, "digest": digest, "limit": limit])
  }
}

/// Selects dead letters.
package struct LetterFilter: Sendable, Equatable {
  package var instance: String?
  package var job: String?
  package var server: String?
  package var kind: String?
  package var state: DeadLetter.State?
  /// Only letters whose last failure is older.
  package var failedBefore: Timestamp?
  /// Only this one.
  package var digest: String?

  package init(
    instance: String? = nil, job: String? = nil, server: String? = nil, kind: String? = nil,
    state: DeadLetter.State? = nil, failedBefore: Timestamp? = nil
  ) {
    (self.instance, self.server) = (instance, server)
    (self.job, self.kind, self.state, self.failedBefore) = (job, kind, state, failedBefore)
  }

  /// Only this letter.
  package init(only letter: DeadLetter) {
    (instance, job, server, digest) = (letter.instance, letter.job, letter.server, letter.digest)
  }

  /// The letters, the newest failure first.
  package func list(limit: Int) throws(PostgresError) -> Statement {
    try statement("letters_list.sql", PackageResources.letters_list_sql, ["limit": limit], reads: true)
  }

  /// The first letters that a replay or a discard would take: what `requestReplay` and `discard` would do, without
  /// doing it.
  package func next(forReplay: Bool, limit: Int) throws(PostgresError) -> Statement {
    try statement(
      "letters_next.sql", PackageResources.letters_next_sql, ["for_replay": forReplay, "limit": limit],
      reads: true)
  }

  /// How many there are (`letters`), and for how many a replay can be requested (`askable`).
  package func count() throws(PostgresError) -> Statement {
    try statement("letters_count.sql", PackageResources.letters_count_sql)
  }

  /// Requests a replay of the pending letters that are not requested yet, the oldest first, and records who did.
  ///
  /// Yields `instance`, `job`, `server` and `letters`, how many of each.
  package func requestReplay(by who: String, limit: Int) throws(PostgresError) -> Statement {
    try statement(
      "letters_request_replay.sql", PackageResources.letters_request_replay_sql, ["by": who, "limit": limit]
    ).limited(
      to: .minutes(5))
  }

  /// Discards the pending letters, the oldest first, and records who did.
  ///
  /// Yields the same columns.
  package func discard(by who: String, limit: Int) throws(PostgresError) -> Statement {
    try statement("letters_discard.sql", PackageResources.letters_discard_sql, ["by": who, "limit": limit]).limited(
      to: .minutes(5))
  }

  /// - Parameter reads: whether it returns letters.
  private func statement(
    _ place: String, _ text: [UInt8], _ values: [String: any PostgresEncodable] = [:], reads: Bool = false
  ) throws(PostgresError) -> Statement {
    // The conditions are on the rows themselves, not in a join with rows that were found: Postgres checks them again on
    // each locked row, and a planner without statistics, as after a thousand failures at once, cannot choose a bad
    // join.
    let chosen = SQLFragment(
      "letters_chosen.sql", PackageResources.letters_chosen_sql,
      [
        "instance": instance, "job": job, "server": server, "kind": kind, "state": state?.rawValue,
        "failed_before": failedBefore, "digest": digest,
      ])
    let holes = reads ? ["chosen": chosen, "columns": LetterSize.columns(of: "d")] : ["chosen": chosen]
    return try SQLFragment(place, text, values).filling(holes).statement()
  }
}
