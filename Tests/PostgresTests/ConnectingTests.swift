import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct ConnectingTests {
  private func failure(of url: String) async throws -> PostgresError {
    let database = try Database(ConnectionOptions(url: url, applicationName: "tests"))
    return try await postgresError { try await database.withSession { session in try session.query("select 1") } }
  }

  @Test func `an unknown database is the server's refusal`() async throws {
    let place = try await Place(migrated: false)
    let url = place.databaseURL.replacing(try Regex("postgresql:///[a-z_0-9]+"), with: "postgresql:///no_such_place")
    let error = try await failure(of: url)
    #expect(error.state == .invalidDatabaseName)
    #expect(!error.isTransient)
  }

  @Test
  func `a statement whose process is gone is to end; where the server cannot tell, the session begins without that`()
    async throws
  {
    let place = try await Place(migrated: false)
    var options = try ConnectionOptions(url: place.databaseURL, applicationName: "tests")
    func interval() async throws -> String {
      try await Database(options).withSession { session in
        try session.query("select current_setting('client_connection_check_interval') as interval").only()
          .value("interval")
      }
    }
    #expect(try await interval() == "2s")
    // Refused as it is by such a server.
    options.lostClientSetting = "-c client_connection_check_interval=-1"
    #expect(try await interval() == "0")
  }

  @Test func `an unknown role is the server's refusal`() async throws {
    let place = try await Place(migrated: false)
    let error = try await failure(of: place.databaseURL + "&user=nobody_we_know")
    #expect(error.state?.isDenied == true, "\(error)")
  }

  @Test func `a wrong password is refused and the right one taken`() async throws {
    let servers = try PrivateServers()
    let admin = try Database(ConnectionOptions(url: servers.databaseURL, applicationName: "tests"))
    try await admin.withSession { session in
      try session.execute(script: "create role guest login password 'right password'", limit: .seconds(10))
    }
    let rules = URL(filePath: servers.folder).appending(path: "data/pg_hba.conf")
    let old = try String(contentsOf: rules, encoding: .utf8)
    // In place, so that it stays the server's own file.
    let file = try FileHandle(forWritingTo: rules)
    try file.write(contentsOf: Data(("local all guest scram-sha-256\n" + old).utf8))
    try file.close()
    try await admin.withSession { session in try session.query("select pg_reload_conf()") }

    let place = "postgresql://guest@/postgres?host=\(servers.folder)"
    var refused: PostgresError?
    try await eventually {
      refused = try? await failure(of: place + "&password=hunter2hunter2")
      return refused?.state?.rawValue == "28P01"
    }
    #expect(refused?.state?.isDenied == true)
    #expect(refused.map { !"\($0)".contains("hunter2") } == true)
    guard case .refused(_, let hint) = try await failure(of: place) else {
      Issue.record("a password is asked for, and none was given")
      return
    }
    #expect(hint.contains("PGPASSWORD"))
    let right = try Database(ConnectionOptions(url: place + "&password=right%20password", applicationName: "tests"))
    let user = try await right.withSession { session in
      try session.query("select current_user as name").only().value("name", as: String.self)
    }
    #expect(user == "guest")
  }

  @Test func `a server that is not there is out of reach`() async throws {
    for url in ["postgresql:///db?host=/nowhere/at/all", "postgresql://127.0.0.1:1/db"] {
      let error = try await failure(of: url)
      #expect(error.isConnection, "\(error)")
      #expect(error.isTransient)
    }
  }

  @Test(arguments: ["/nowhere/at/all,", "127.0.0.1,/nowhere/at/all,"])
  func `a dead host is passed over for the next`(dead: String) async throws {
    let place = try await Place(migrated: false)
    let parts = place.databaseURL.split(separator: "host=", maxSplits: 1)
    let url = "\(parts[0])host=\(dead)\(parts[1])&connect_timeout=2"
    let database = try Database(ConnectionOptions(url: url, applicationName: "tests"))
    let name = try await database.withSession { session in
      try session.query("select current_database() as name").only().value("name", as: String.self)
    }
    #expect(place.databaseURL.contains(name))
  }

  /// Options for a name that has these addresses, at one of which a proxy leads to the place.
  private func options(
    _ place: Place, _ proxy: Proxy, _ addresses: [String]
  ) throws -> ConnectionOptions {
    let url = place.environment(postgres: proxy)["DATABASE_URL"] ?? ""
    var options = try ConnectionOptions(
      url: url.replacing("127.0.0.1", with: "db.example") + "&connect_timeout=2", applicationName: "tests")
    options.lookUp = { _ in addresses }
    return options
  }

  @Test(arguments: [["127.0.0.2", "127.0.0.1"], ["127.0.0.3", "127.0.0.2", "127.0.0.3", "127.0.0.1"]])
  func `of a name with several addresses, one that is silent or refuses leaves time for the next`(
    addresses: [String]
  ) async throws {
    let place = try await Place(migrated: false)
    let proxy = try Proxy(to: place.servers.postgresSocket)
    defer { proxy.close() }
    // Nobody listens at 127.0.0.3.
    let silent = try Listener(last: 2, port: proxy.port)
    let database = Database(try options(place, proxy, addresses))
    let name = try await database.withSession { session in
      try session.query("select current_database() as name").only().value("name", as: String.self)
    }
    #expect(place.databaseURL.contains(name) && silent.hasConnection)
  }

  @Test func `when no address is of use, each is named with its reason`() async throws {
    let place = try await Place(migrated: false)
    let proxy = try Proxy(to: place.servers.postgresSocket)
    defer { proxy.close() }
    let silent = try Listener(last: 2, port: proxy.port)
    let options = try options(place, proxy, ["127.0.0.2", "127.0.0.3"])
    let error = try await postgresError { try await Database(options).withSession { try $0.query("select 1") } }
    #expect(error.isConnection && error.isTransient)
    #expect("\(error)".contains("db.example") && "\(error)".contains("at 127.0.0.2 took longer than"), "\(error)")
    #expect("\(error)".contains("127.0.0.3") && "\(error)".contains("refused"), "\(error)")
    #expect(silent.hasConnection)
  }

  @Test func `a name that has no address is said so`() async throws {
    let error = try await failure(of: "postgresql://no-such-host.invalid/db")
    #expect(error.isConnection && "\(error)".contains("could not translate host name"), "\(error)")
  }

  @Test func `numbers of hosts and ports that do not fit are an error and no crash`() async throws {
    let error = try await failure(of: "host=/nowhere/a,/nowhere/b,/nowhere/c port=1,2")
    #expect(error.isConnection || error.isInvalidStatement)
  }

  @Test func `many connections come and go without leaving any behind`() async throws {
    let place = try await Place(migrated: false)
    for _ in 1...30 {
      let database = try Database(ConnectionOptions(url: place.databaseURL, applicationName: "passing"))
      try await database.withSession { session in try session.query("select 1") }
      await database.close()
    }
    try await eventually {
      try await place.value("select count(*) from pg_stat_activity where application_name = 'passing'") == "0"
    }
  }
}
