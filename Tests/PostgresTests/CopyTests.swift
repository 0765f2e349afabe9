import Postgres
import TestSupport
import Testing

@Suite struct CopyTests {
  private struct Stop: Error {}

  private func place() async throws -> Place {
    let place = try await Place(migrated: false)
    try await place.execute("create table t (a text, n bigint, d date)")
    return place
  }

  private static func rows(_ values: [(String?, Int64?, Int32?)]) -> CopyRows {
    var rows = CopyRows(capacity: 1024)
    for (text, number, day) in values {
      rows.beginRow(columns: 3)
      if let text { rows.append(text: text) } else { rows.appendNull() }
      if let number { rows.append(bigint: number) } else { rows.appendNull() }
      if let day { rows.append(dateSince2000: day) } else { rows.appendNull() }
    }
    return rows
  }

  @Test func `rows of all kinds arrive as they were written`() async throws {
    let place = try await place()
    let stored = try await place.database.withSession { session in
      try session.copy(into: "t", columns: ["a", "n", "d"]) { writer in
        try writer.write(Self.rows([("tab\t\"\\.\nü😀", .max, 0), ("", .min, -1)]))
        try writer.write(Self.rows([(nil, nil, nil)]))
        #expect(writer.count == 3)
      }
    }
    #expect(stored == 3)
    #expect(
      try await place.rows("select a, d, n from t order by n") == [
        ["", "1999-12-31", "\(Int64.min)"], ["tab\t\"\\.\nü😀", "2000-01-01", "\(Int64.max)"], ["NULL", "NULL", "NULL"],
      ])
  }

  @Test func `a hundred thousand rows arrive in many pieces`() async throws {
    let place = try await place()
    let pieces = (0..<100).map { piece in
      Self.rows((0..<1000).map { ("item \(piece * 1000 + $0)", Int64(piece * 1000 + $0), Int32($0)) })
    }
    let stored = try await place.database.withSession { session in
      try session.copy(into: "t", columns: ["a", "n", "d"]) { writer in
        for piece in pieces { try writer.write(piece) }
      }
    }
    #expect(stored == 100_000)
    #expect(try await place.value("select sum(n) from t where a = 'item ' || n") == "4999950000")
  }

  @Test func `a COPY without rows stores none`() async throws {
    let place = try await place()
    #expect(
      try await place.database.withSession { session in try session.copy(into: "t", columns: ["a"]) { _ in } } == 0)
  }

  @Test func `a closure that throws stores nothing and the connection goes on`() async throws {
    let place = try await place()
    let before = try await place.value("select pg_backend_pid()")
    await #expect(throws: Stop.self) {
      try await place.database.withSession { session in
        try session.copy(into: "t", columns: ["a", "n", "d"]) { writer in
          try writer.write(Self.rows([("x", 1, 1)]))
          throw Stop()
        }
      }
    }
    #expect(try await place.value("select count(*) from t") == "0")
    #expect(try await place.value("select pg_backend_pid()") == before)
  }

  @Test func `the server's reason is thrown when it refuses a row`() async throws {
    let place = try await place()
    try await place.execute("alter table t add check (n < 1000)")
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.copy(into: "t", columns: ["a", "n", "d"]) { writer in
          for number in Int64(0)..<1_000_000 { try writer.write(Self.rows([("x", number, 1)])) }
        }
      }
    }
    #expect(error.state?.rawValue == "23514")
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `a refused row is thrown even when the closure throws because of something else`() async throws {
    let place = try await place()
    try await place.execute("alter table t add check (n < 0)")
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.copy(into: "t", columns: ["a", "n", "d"]) { writer in
          try writer.write(Self.rows([("x", 1, 1)]))
          throw Stop()
        }
      }
    }
    #expect(error.state?.rawValue == "23514")
  }

  @Test(arguments: [[0x61, 0xFF], [0x61, 0x00, 0x62]] as [[UInt8]])
  func `bytes that are no text are refused by the server`(bytes: [UInt8]) async throws {
    let place = try await place()
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.copy(into: "t", columns: ["a"]) { writer in
          var rows = CopyRows(capacity: 64)
          rows.beginRow(columns: 1)
          bytes.withUnsafeBytes { rows.append(text: $0) }
          try writer.write(rows)
        }
      }
    }
    #expect(error.state?.rawValue == "22021")
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `a COPY that cannot start says why and the connection goes on`() async throws {
    let place = try await place()
    let before = try await place.value("select pg_backend_pid()")
    let error = try await postgresError {
      try await place.database.withSession { session in
        try session.copy(into: "nowhere", columns: ["a"]) { _ in Issue.record("must not be asked for rows") }
      }
    }
    #expect(error.state == .undefinedTable)
    #expect(try await place.value("select pg_backend_pid()") == before)
  }

  @Test func `a COPY as a statement is refused and the next call works`() async throws {
    let place = try await place()
    let error = try await postgresError {
      try await place.database.withSession { session in try session.query("copy t from stdin") }
    }
    #expect(error.isInvalidStatement)
    #expect(try await place.value("select count(*) from t") == "0")
  }

  @Test func `names of table and columns are taken as they are`() async throws {
    let place = try await place()
    try await place.execute(#"create table "T;""x" ("Odd ""one" text)"#)
    let stored = try await place.database.withSession { session in
      try session.copy(into: "T;\"x", columns: ["Odd \"one"]) { writer in
        var rows = CopyRows(capacity: 64)
        rows.beginRow(columns: 1)
        rows.append(text: "here")
        try writer.write(rows)
      }
    }
    #expect(stored == 1)
    #expect(try await place.rows(#"select * from "T;""x""#) == [["here"]])
  }
}
