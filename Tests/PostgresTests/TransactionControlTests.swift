import TestSupport
import Testing

@testable import Postgres

/// A transaction is begun and ended by whoever lends it, and by no statement.
@Suite(.timeLimit(.minutes(10))) struct TransactionControlTests {
  private static let controlling = [
    "begin", "start transaction", "commit", "COMMIT AND CHAIN", "end", "abort", "rollback", "rollback and chain",
    "prepare transaction 'x'", "set session characteristics as transaction read only",
    " /* a /* b */ */ -- c\n;\tCommit;",
  ]

  private func place() async throws -> Place {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (n integer primary key)")
    return place
  }

  @Test(arguments: controlling)
  func `a statement that begins or ends one is not sent`(statement: String) async throws {
    let place = try await place()
    for isPipeline in [false, true] {
      let error = try await postgresError {
        try await place.database.transaction { session in
          try session.execute("insert into t values (1)")
          let statement = Statement(sql: statement)
          if isPipeline {
            try session.pipeline([statement, "insert into t values (2)"])
          } else {
            try session.query(statement)
          }
        }
      }
      #expect(error.isEndsTransaction && "\(error)".contains("is not sent"), "\(error)")
      #expect(try await place.value("select count(*) from t") == "0")
    }
    let error = try await postgresError { try await place.database.read(Statement(sql: statement)) }
    #expect(error.isEndsTransaction)
  }

  @Test(arguments: [
    "savepoint a", "rollback to a", "rollback work to savepoint a", "rollback transaction to a", "release a",
    "prepare p as select 1", "set transaction read only", "set local work_mem = '1MB'", "set session work_mem = '1MB'",
    "select 'commit'", "with commit as (select 1) select", "(select 1)", "commitment", "", "-- commit", "/* commit",
  ])
  func `every other statement is`(statement: String) {
    #expect(!Statement(sql: statement).controlsTransactions)
  }

  @Test(arguments: [
    "set transaction read write", "set local transaction read write", "set transaction_read_only = off",
    "reset transaction_read_only", "select set_config('transaction_read_only', null, true)",
  ])
  func `nothing of one that reads is kept, whatever a statement makes of it`(statement: String) async throws {
    let place = try await place()
    for before in [[], ["select"], ["savepoint a"]] {
      _ = try? await place.database.transaction(readOnly: true) { session in
        for statement in before + [statement] { try session.query(Statement(sql: statement)) }
        try session.execute("insert into t values (1)")
      }
    }
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `nothing of a single question is kept, whatever its functions do`() async throws {
    let place = try await place()
    try await place.execute(
      """
      create function writes() returns void language plpgsql as $$
      begin
        perform set_config('transaction_read_only', null, true);
        insert into t values (1);
      end $$
      """)
    _ = try? await place.database.read("select writes()")
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `nothing is sent after the end of one, and its closure has not succeeded`() async throws {
    let place = try await place()
    let error = try await postgresError {
      try await place.database.transaction { session in
        // What no door of an author's lets through.
        try session.execute(script: "commit", limit: .seconds(10))
        _ = try? session.execute("insert into t values (1)")
        _ = try? session.pipeline(["insert into t values (2)"])
        _ = try? session.copy(into: "t", columns: ["n"]) { _ in }
      }
    }
    #expect(error.isEndsTransaction && "\(error)".contains("nothing is sent after it"), "\(error)")
    #expect(try await place.value("select count(*) from t") == "0")
  }
}
