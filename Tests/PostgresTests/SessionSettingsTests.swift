import TestSupport
import Testing

@testable import Postgres

/// What results depend on, whatever the user's surroundings say.
@Suite(.timeLimit(.minutes(5))) struct SessionSettingsTests {
  /// Each of them as it must not be.
  private static let other = [
    "row_security": "on", "gin_fuzzy_search_limit": "7", "client_encoding": "LATIN1", "TimeZone": "Asia/Tokyo",
    "DateStyle": "German, DMY", "IntervalStyle": "sql_standard", "extra_float_digits": "0", "bytea_output": "escape",
    "quote_all_identifiers": "on", "standard_conforming_strings": "off", "array_nulls": "off",
    "transform_null_equals": "on", "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
  ]

  /// The settings of a session that are not what results depend on.
  private func deviations(_ url: String) async throws -> [String] {
    let database = try Database(ConnectionOptions(url: url, applicationName: "tests"))
    return try await database.withSession { session in
      try SessionSettings.fixed.compactMap { name, wanted in
        let value: String = try session.query("select current_setting(\(name)) as value").only().value("value")
        return value == wanted || value.hasPrefix(wanted + ",") ? nil : "\(name) is \(value)"
      }
    }
  }

  @Test(arguments: ["the server", "the database", "the role", "the URL"])
  func `what results depend on is the same, whoever has set it otherwise`(who: String) async throws {
    #expect(Set(Self.other.keys) == Set(SessionSettings.fixed.map(\.name)))
    // A server-wide setting would meet the other tests.
    let servers = who == "the server" ? try await PrivateServers.start() : nil
    let place = try await Place(migrated: false, on: servers)
    let (name, role) = (try await place.databaseName(), place.own("odd"))
    try await place.execute("create role \(role) login superuser")
    var url = place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")
    for (setting, value) in Self.other {
      switch who {
      // An encoding is the client's to choose.
      case "the server" where setting != "client_encoding":
        try await place.execute("alter system set \(setting) = '\(value)'")
      case "the database": try await place.execute("alter database \(name) set \(setting) = '\(value)'")
      case "the role": try await place.execute("alter role \(role) set \(setting) = '\(value)'")
      default: break
      }
    }
    if who == "the server" { try await place.execute("select pg_reload_conf()") }
    if who == "the URL" {
      let options = Self.other.map { "-c%20\($0)%3D\($1.replacing(" ", with: "%5C%20"))" }
      url += "&client_encoding=LATIN1&options=" + options.joined(separator: "%20")
    }
    #expect(try await deviations(url) == [])
    let read = try await Database(ConnectionOptions(url: url, applicationName: "tests")).withSession { session in
      try session.query("select 'Ø€' as text").only().value("text", as: String.self)
    }
    #expect(read == "Ø€")
  }

  @Test func `the user's own options are carried along, and win over mere wishes of ours`() async throws {
    let place = try await Place(migrated: false)
    let options = "-c%20search_path%3Dapp,public%20-c%20idle_in_transaction_session_timeout%3D7s%20--work_mem%3D7MB"
    let names = ["search_path", "idle_in_transaction_session_timeout", "work_mem", "application_name", "TimeZone"]
    func values(_ parameters: String) async throws -> [String] {
      let options = try ConnectionOptions(url: place.databaseURL + parameters, applicationName: "tests")
      return try await Database(options).withSession { session in
        try names.map { name in
          try session.query("select current_setting(\(name)) as value").only().value("value", as: String.self)
        }
      }
    }
    #expect(
      try await values("&options=\(options)&application_name=mine") == ["app,public", "7s", "7MB", "mine", "UTC"])
    #expect(try await values("") == ["\"$user\", public", "30s", "4MB", "tests", "UTC"])
  }

  @Test(arguments: ["work_mem%3D1", "no_such_setting%3D1", "shared_buffers%3D1GB"])
  func `options that the server does not take are a mistake of the settings`(option: String) async throws {
    let place = try await Place(migrated: false)
    let error = try await postgresError {
      try await Database(
        ConnectionOptions(url: place.databaseURL + "&options=-c%20\(option)", applicationName: "tests")
      ).withSession { try $0.query("select 1") }
    }
    guard case .misconfigured(let message, let hint) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(message.contains(option.prefix { $0 != "%" }) && hint.contains("PGOPTIONS"))
  }
}
