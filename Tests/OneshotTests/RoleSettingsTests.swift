import TestSupport
import Testing

/// Whatever a role carries (`alter role … set`), migrations and results are the same: every setting of the server that a
/// role can carry is as it usually is not.
@Suite(.timeLimit(.minutes(15))) struct RoleSettingsTests {
  /// What is left as it is, by the reason.
  private static let left: [String: [String]] = [
    "it says where tables are, or what may be done with them": [
      "search_path", "default_transaction_read_only", "restrict_nonsystem_relation_kind", "default_tablespace",
      "temp_tablespaces", "default_table_access_method", "transaction_timeout",
    ],
    "it ends statements or sessions, with an error": [
      "statement_timeout", "lock_timeout", "idle_session_timeout", "temp_file_limit", "max_stack_depth",
      "exit_on_error",
    ],
    "it is one transaction's": ["transaction_isolation", "transaction_read_only", "transaction_deferrable"],
    "it loads code": [
      "local_preload_libraries", "session_preload_libraries", "dynamic_library_path", "extension_destdir",
      "extension_control_path", "backtrace_functions", "wal_consistency_checking",
    ],
    "it only takes time": [
      "debug_discard_caches", "commit_delay", "vacuum_cost_delay", "geqo_generations", "geqo_pool_size",
    ],
  ]

  /// What a text, or a word with several others, is set to.
  private static let texts = [
    "lc_messages": "POSIX", "lc_monetary": "POSIX", "lc_numeric": "POSIX", "lc_time": "POSIX",
    "application_name": "odd",
    "DateStyle": "German, DMY", "IntervalStyle": "sql_standard", "TimeZone": "Asia/Kathmandu",
    "client_encoding": "LATIN1", "default_text_search_config": "pg_catalog.german", "timezone_abbreviations": "India",
    "default_transaction_isolation": "serializable", "session_replication_role": "replica", "xmloption": "document",
    "synchronous_commit": "off", "createrole_self_grant": "set",
  ]

  /// A role that carries all of it.
  private func oddRole(in place: Place) async throws -> String {
    let role = place.own("odd")
    try await place.execute("create role \(role) login superuser")
    let names = Self.left.values.flatMap { $0 }.map { "'\($0)'" }.joined(separator: ", ")
    let settings = try await place.rows(
      """
      select name as a, coalesce(case vartype
        when 'bool' then case setting when 'on' then 'off' else 'on' end
        when 'enum' then (select word from unnest(enumvals) as word where word <> setting order by word limit 1)
        when 'string' then '' else case when min_val = setting then max_val else min_val end end, '') as b,
        vartype as c
      from pg_settings where context in ('user', 'superuser') and name not in (\(names)) order by name
      """)
    try #require(settings.count > 100)
    var changes = ""
    for setting in settings {
      let value = Self.texts[setting[0]] ?? setting[1]
      try #require(
        setting[2] != "string" || Self.texts[setting[0]] != nil, "\(setting[0]) is a text that nobody has thought of")
      changes += "alter role \(role) set \(setting[0]) = '\(value)';\n"
    }
    try await place.execute(changes)
    return role
  }

  private func url(of place: Place, as role: String) -> [String: String] {
    ["DATABASE_URL": place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")]
  }

  @Test func `what is migrated is the same`() async throws {
    let place = try await Place(migrated: false)
    let settings = url(of: place, as: try await oddRole(in: place))
    let outcome = try await Operator(at: place).run("migrate", settings: settings)
    #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    let owner = try await Place().value("select current_user")
    func lines(_ place: Place, _ role: String) async throws -> Set<String> {
      Set(try await place.rows(Catalog.lines).map { $0[0].replacing(role, with: "owner") })
    }
    let (odd, usual) = (try await lines(place, place.own("odd")), try await lines(Place(), owner))
    #expect(odd.symmetricDifference(usual).isEmpty, "\(odd.symmetricDifference(usual).sorted())")
  }

  @Test func `what is counted, ranked, rolled up and indexed is the same`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5", "o'dd\\:2025-11-06:é": "7", "bad:2025-11-07:x": "?"])
    let counted = try await usage.run([], url(of: usage.place, as: try await oddRole(in: usage.place)))
    #expect(counted.exitCode == 65, "\(counted.output)")
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5", "o'dd\\:2025-11-06:é": "7"])
    #expect(try await usage.deadLetters() == ["usage:bad:2025-11-07:x": "not_integer/pending/1"])

    let boards = try await Leaderboards()
    try await boards.fill()
    #expect(try await boards.run().exitCode == 0)
    var usual: [String: [String]] = [:]
    for name in Leaderboards.names { usual[name] = try await boards.board(name) }
    try await boards.place.redis("FLUSHDB")
    let ranked = try await boards.run([], url(of: boards.place, as: try await oddRole(in: boards.place)))
    #expect(ranked.exitCode == 0, "\(ranked.output)")
    for name in Leaderboards.names { #expect(try await boards.board(name) == usual[name], "\(name)") }

    let rollups = try await Rollups(zone: "America/New_York")
    try await rollups.add(1500)
    let rolled = try await rollups.run([], url(of: rollups.place, as: try await oddRole(in: rollups.place)))
    #expect(rolled.exitCode == 0, "\(rolled.output)")
    #expect(try await rollups.differences() == [])

    let catalogue = try await Catalogue()
    try await catalogue.fill()
    let settings = url(of: catalogue.place, as: try await oddRole(in: catalogue.place))
    for mode in ["rebuild", "changed", "verify"] {
      let indexed = try await catalogue.run([], settings.merging(["REINDEX_MODE": mode]) { $1 })
      #expect(indexed.exitCode == 0, "\(mode): \(indexed.output)")
    }
    #expect(try await catalogue.differences() == [])
  }
}
