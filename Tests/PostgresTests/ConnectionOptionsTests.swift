import Testing

@testable import Postgres

@Suite struct ConnectionOptionsTests {
  @Test(arguments: [
    "host='hunter2", "hunter2", "postgresql://[hunter2", "pass=hunter2",
    "postgresql://u:hunter2@host/db?nonsense=1", "postgresql://u:hunter2%ZZ@host/db", "password=hunter2 = x",
  ])
  func `a text that cannot be read is never repeated`(url: String) async throws {
    let error = try await postgresError { try ConnectionOptions(url: url, applicationName: "tests") }
    #expect(error.isInvalidStatement)
    #expect(!"\(error)".contains("hunter"))
  }

  @Test(arguments: [
    "postgresql://user:hunt%3Aer2@host/db", "host=host dbname=db password=hunt:er2",
    "postgres://host/db?password=hunt%3Aer2",
  ])
  func `the password is a secret and no part of the target`(url: String) throws {
    let options = try ConnectionOptions(url: url, applicationName: "tests")
    #expect(options.secrets == ["hunt:er2"])
    #expect(options.target == "host/db")
  }

  @Test func `without a password there is no secret`() throws {
    #expect(try ConnectionOptions(url: "postgresql://user@host/db", applicationName: "tests").secrets.isEmpty)
    #expect(try ConnectionOptions(url: "postgresql://user:@host/db", applicationName: "tests").secrets.isEmpty)
  }

  @Test(arguments: [
    "postgresql://user:p@s3cr3t@host/db", "postgresql://user:pa/s3cr3t@host/db",
  ])
  func `a password that is not escaped is told without any part of it`(url: String) throws {
    let error = try #require(throws: PostgresError.self) { _ = try ConnectionOptions(url: url, applicationName: "x") }
    #expect("\(error)".contains("%40") && !"\(error)".contains("s3cr3t"))
  }
}
