import CLibPQ

/// The settings of a session.
///
/// All are sent as the connection starts, so they cost no round trip, and override what role, database and server have
/// set.
enum SessionSettings {
  /// The settings that results depend on: the same in every session, whatever the URL, the environment (`PGOPTIONS`,
  /// `PGTZ`), at the role (`alter role … set`), at the database or in the server's file.
  static let fixed: [(name: String, value: String)] = [
    // Every read sees all rows. Rows that a policy hides make the statement fail; a job that took them for deleted
    // would empty its own tables. The same goes for an index that may leave rows out.
    ("row_security", "off"), ("gin_fuzzy_search_limit", "0"),
    // How values are written. The order of day and month in a date stays the database's: nothing here depends on it.
    ("client_encoding", "UTF8"), ("TimeZone", "UTC"), ("DateStyle", "ISO"), (marker, "iso_8601"),
    ("extra_float_digits", "1"), ("bytea_output", "hex"), ("quote_all_identifiers", "off"),
    // What a text of SQL means.
    ("standard_conforming_strings", "on"), ("array_nulls", "on"), ("transform_null_equals", "off"),
    // What a transaction sees: after it has waited for another, what that one has committed.
    ("default_transaction_isolation", "read committed"), ("default_transaction_deferrable", "off"),
  ]

  /// Its value is the default of no server, and every server reports it.
  private static let marker = "IntervalStyle"

  /// Those of the fixed that a server reports (manual, `PQparameterStatus`).
  private static let reported = ["client_encoding", "TimeZone", "DateStyle", marker, "standard_conforming_strings"]

  /// The parameter `options` as it is sent.
  ///
  /// - Parameters:
  ///   - own: the user's options. They override the project's defaults, but not the settings that results depend on.
  ///   - optional: a setting that some servers refuse.
  static func options(own: String?, optional: String) -> String {
    // A frozen process must not hold its locks.
    let wishes: [(name: String, value: String)] = [
      ("idle_in_transaction_session_timeout", "30s"), ("client_min_messages", "warning"),
    ]
    return ([text(wishes), optional] + [own].compactMap { $0 } + [text(fixed)]).joined(separator: " ")
  }

  private static func text(_ settings: [(name: String, value: String)]) -> String {
    // The server splits at blanks, but not behind a backslash (manual, `options`).
    settings.map { "-c \($0.name)=" + $0.value.split(separator: " ").joined(separator: "\\ ") }.joined(separator: " ")
  }

  /// Compares what the server reports, and sets again what something has overridden: libpq sends `PGTZ` and
  /// `PGDATESTYLE` behind all options.
  ///
  /// A pooler that keeps these settings from the server (pgbouncer with `ignore_startup_parameters = options`) may also
  /// give each transaction another session, without this session's temporary tables. It is refused, because its mode
  /// cannot be seen from here.
  ///
  /// - Parameter target: where the connection leads, for messages.
  static func settle(_ wire: Wire, _ target: String) throws(PostgresError) {
    let overruled = overruled(on: wire)
    guard !overruled.isEmpty else { return }
    guard !overruled.contains(where: { $0.name == marker }) else {
      throw .misconfigured(
        "\(target) does not take the settings of a session: a pooler such as pgbouncer is in between",
        hint: PostgresError.poolerHint)
    }
    try Session(on: wire).query(
      """
      select set_config(name, value, false)
      from unnest(\(overruled.map(\.name))::text[], \(overruled.map(\.value))::text[]) as overruled (name, value)
      """)
    if let kept = Self.overruled(on: wire).first {
      throw .misconfigured(
        "\(target) does not set \(kept.name) to \(kept.value)",
        hint: "Find out what sets it there: a pooler, or an event trigger on login.")
    }
  }

  private static func overruled(on wire: Wire) -> [(name: String, value: String)] {
    fixed.filter { setting in
      guard reported.contains(setting.name) else { return false }
      let value = PQparameterStatus(wire.pointer, setting.name).map { String(cString: $0) } ?? ""
      // "ISO, MDY"
      return value != setting.value && !value.hasPrefix(setting.value + ",")
    }
  }
}
