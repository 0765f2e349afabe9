import JobRuntime
import Postgres

extension WaitlistPositions {
  /// Campaigns that could not be placed.
  ///
  /// The failure of one stops no other, unless its cause affects all of them.
  struct Failures: Sendable {
    /// Those that lack a table or a grant, as long as no campaign was placed.
    private var unclear: [(campaign: Campaign, error: PostgresError.ServerError)] = []
    private var isOnePlaced = false

    /// Notes that a campaign was placed: whatever others lack, it is theirs.
    mutating func placed(_ run: JobRun) async throws {
      isOnePlaced = true
      for (campaign, error) in unclear { try await reject(campaign, error, run) }
      unclear = []
    }

    mutating func failed(_ campaign: Campaign, _ error: PostgresError.ServerError, _ run: JobRun) async throws {
      if isOnePlaced || !error.mayBeOfAll {
        try await reject(campaign, error, run)
      } else {
        unclear.append((campaign, error))
      }
    }

    /// - Throws: what no campaign could be placed for.
    func end() throws {
      if let first = unclear.first { throw PostgresError.server(first.error) }
    }

    private func reject(_ campaign: Campaign, _ error: PostgresError.ServerError, _ run: JobRun) async throws {
      var message = "\(error.message) (SQLSTATE \(error.state.rawValue))"
      if error.state == .lockNotAvailable {
        let statement = try Statement(file: "lockers.sql", PackageResources.lockers_sql, binding: [:])
        let lockers: String? = try await run.read(statement).only().optional("lockers")
        message += lockers.map { "; rows of waitlist_entries are locked by \($0)" } ?? ""
      }
      if let place = error.innermost { message += "; in \(place)" }
      if let hint = error.hint { message += ". \(hint)" }
      let failure = ItemFailure(
        item: campaign.item, kind: .failed, message: message, payload: ["campaign": .integer(campaign.id)])
      try await run.transaction { tx in try tx.reject([failure]) }
    }
  }

  /// Resolves the letters of campaigns that are no longer placed.
  func resolveLettersOfOthers(_ run: JobRun) async throws {
    let letters = SQLFragment(
      sql: """
        not exists (
          select from waitlist_campaigns as c
          where c.status::text = 'live' and c.id::text = split_part(letter.item, '/', 2))
        """)
    try await run.transaction { tx in try tx.resolve(where: letters) }
  }
}

extension PostgresError.ServerError {
  /// Whether the next campaign may still be placed: server and session are unaffected.
  ///
  /// An application may raise errors of unknown classes.
  var isOfOneCampaign: Bool {
    !["08", "25", "28", "53", "57", "58", "F0", "XX"].contains(state.errorClass)
  }

  /// Whether all campaigns may lack what this one lacks: a table, a column, a grant.
  fileprivate var mayBeOfAll: Bool { ["3F", "42"].contains(state.errorClass) && innermost == nil }

  /// The application's function that it was raised in, a trigger's for example, and where in it; `nil` where in none.
  fileprivate var innermost: String? {
    // Which language a function is in stands in front of its name, in whatever language the server speaks.
    let line = context?.split(whereSeparator: \.isNewline).first { $0.contains("PL/") }
    return line.flatMap { $0.contains("oneshot.waitlist_") ? nil : String($0) }
  }
}
