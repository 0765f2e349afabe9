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

  @Test(
    arguments: [
      ("postgresql://h/db?schema=public", "«schema»", "options=-csearch_path"),
      ("postgresql://u:p@h/db?sslmode=require&currentSchema=app", "«currentSchema»", "options=-csearch_path"),
      ("postgresql://h/db?pgbouncer=true", "«pgbouncer»", "Postgres itself"),
      ("host=h dbname=d pool=5", "«pool»", "leave it out"),
      ("postgresql://h/db?sslaccept=strict", "«sslaccept»", "sslmode="),
      ("postgresql://h/db?statement_timeout=5s", "«statement_timeout»", "options=-c"),
      ("postgresql://h/db?conect_timeout=5", "«conect_timeout»", "correct it"),
      ("postgresql+asyncpg://h/db", "«postgresql+asyncpg://»", "postgresql://"),
      ("jdbc:postgresql://h/db", "«jdbc:postgresql://»", "postgresql://"),
      ("postgresql://u:100%sure@h/db", "%", "%25"), ("postgresql://h/db?sslmode", "name=value", "%3D"),
    ])
  func `what libpq does not know is named, with a remedy`(url: String, name: String, remedy: String) throws {
    let error = try #require(throws: PostgresError.self) { _ = try ConnectionOptions(url: url, applicationName: "x") }
    #expect("\(error)".contains(name) && "\(error)".contains(remedy), "\(error)")
  }

  @Test(arguments: [
    "postgresql://u:pa/s3?cret=x@host/db", "host=h password=pass s3cret=1", "postgresql://u:s3cret%zz@host/db",
  ])
  func `what may be a piece of a password is not named`(url: String) throws {
    let error = try #require(throws: PostgresError.self) { _ = try ConnectionOptions(url: url, applicationName: "x") }
    #expect(!"\(error)".contains("cret"), "\(error)")
  }

  @Test(arguments: [
    "postgresql://user:p@s3cr3t@host/db", "postgresql://user:pa/s3cr3t@host/db",
  ])
  func `a password that is not escaped is told without any part of it`(url: String) throws {
    let error = try #require(throws: PostgresError.self) { _ = try ConnectionOptions(url: url, applicationName: "x") }
    #expect("\(error)".contains("%40") && !"\(error)".contains("s3cr3t"))
  }
}
