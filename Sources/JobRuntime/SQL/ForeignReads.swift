public import Postgres

/// A foreign server was lost while its tables were read, so what was read may be a part of them.
package struct ForeignServerLost: Error, CustomStringConvertible {
  package let description: String

  fileprivate init(_ server: String, _ reason: PostgresError.ServerError) {
    let message = reason.message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    description =
      "the connection to \(server) was lost while its tables were read: \(message) (SQLSTATE \(reason.state.rawValue))"
  }
}

extension Session {
  /// Sends all statements at once, as `pipeline` does, for what a user's SQL reads: in a transaction.
  ///
  /// What they have read of foreign tables is believed once each foreign server has answered again. mysql_fdw takes the
  /// loss of its connection in the middle of a table for the table's end. No error says so, but the next statement on
  /// that connection fails.
  ///
  /// - Parameter file: the user's file that they read. It may set nothing (`set_config`) that the next would be read with.
  /// - Throws: `ForeignServerLost`, upon which the whole transaction is to be done again; `SQLFile.Failure`, upon which it
  ///   is to be rolled back, for a file that sets something.
  public func read(_ statements: [Statement], of file: SQLFile? = nil) throws -> [Rows] {
    let foreign: Statement = "select exists (select from pg_foreign_table) as has_foreign_tables"
    guard let file, !file.isBuiltIn else {
      let answers = try send(statements + [foreign])
      if try answers[statements.count].only().value("has_foreign_tables") { try confirmForeignReads() }
      return Array(answers.dropLast())
    }
    let answers = try send([Self.settings] + statements + [Self.settings, foreign])
    let before = try answers[0].map { try $0.value("setting", as: String.self) }
    let after = try answers[statements.count + 1].map { try $0.value("setting", as: String.self) }
    guard before == after else {
      let changed = Set(before).symmetricDifference(after).map { $0.prefix { $0 != "=" } }
      throw SQLFile.Failure(
        "\(file.place): it sets \(Set(changed).sorted().joined(separator: ", ")); a file can only read")
    }
    if try answers[statements.count + 2].only().value("has_foreign_tables") { try confirmForeignReads() }
    return Array(answers.dropFirst().prefix(statements.count))
  }

  /// What this session has set, as text; but for how long commits wait, which changes nothing that is read, and which a job
  /// sets beside it.
  private static let settings: Statement = """
    select name || '=' || setting as setting from pg_settings
    where source = 'session' and name <> 'synchronous_commit' order by name
    """

  /// A statement of several tables fails by itself where a later one is read on the connection that was lost.
  private func send(_ statements: [Statement]) throws -> [Rows] {
    do { return try pipeline(statements) } catch {
      guard case .server(let reason) = error, reason.saysThatForeignServerIsLost else { throw error }
      throw ForeignServerLost("a foreign server", reason)
    }
  }

  private func confirmForeignReads() throws {
    for row in try query(Self.foreignReads) {
      let server: String = try row.value("server")
      let relation: String = try row.value("relation")
      let rows: Int = try row.value("rows")
      do {
        try pipeline([
          "savepoint confirmation", Statement(sql: "select from \(relation) limit \(rows)"),
          "release savepoint confirmation",
        ])
      } catch {
        guard case .server(let reason) = error, !["08", "40", "57"].contains(reason.state.errorClass) else {
          throw error
        }
        try query("rollback to savepoint confirmation")
        guard reason.state.isLossOfForeignServer else { continue }
        throw ForeignServerLost("the foreign server \(server)", reason)
      }
    }
  }

  /// One relation for each connection that the transaction's foreign tables are read by: a wrapper has one for each server
  /// and user. A table is read as who reads it, through a view as the view's owner.
  ///
  /// No row of a view, which may cost as much as the statement before: mysql_fdw has MySQL prepare what it will ask, and
  /// that is enough. And nothing of files, which are read again, and whose programs would run again.
  private static let foreignReads: Statement = """
    with recursive locked as (
      select distinct relation as id from pg_locks
      where locktype = 'relation' and pid = pg_backend_pid() and granted
        and database = (select oid from pg_database where datname = current_database())
    ), readings as (
      select ftrelid as id, ftserver as server_id, (select oid from pg_roles where rolname = current_user) as reader,
        0 as depth
      from pg_foreign_table
      join locked on ftrelid = id
      join pg_foreign_server as s on s.oid = ftserver
      join pg_foreign_data_wrapper as w on w.oid = srvfdw and fdwname <> 'file_fdw'
      union
      select v.oid, server_id, case when depth = 0 then relowner else reader end, depth + 1
      from readings
      join pg_depend as d on d.refclassid = 'pg_class'::regclass and d.refobjid = readings.id
        and d.classid = 'pg_rewrite'::regclass
      join pg_rewrite as r on r.oid = d.objid
      join pg_class as v on v.oid = ev_class and relkind = 'v' and v.oid <> readings.id
      where v.oid in (select id from locked)
    )
    select distinct on (server_id, reader) srvname as server, readings.id::regclass::text as relation,
      (depth = 0)::integer as rows
    from readings
    join pg_foreign_server as s on s.oid = server_id
    where has_any_column_privilege(readings.id, 'select')
    order by server_id, reader, depth, readings.id
    """
}

extension SQLState {
  /// Whether a foreign server was there, and is there no longer. One that was never reached (HV00N) was not read, either.
  fileprivate var isLossOfForeignServer: Bool { errorClass == "HV" && rawValue != "HV00N" }
}

extension PostgresError.ServerError {
  /// Whether mysql_fdw passes on that its connection is gone: the words of MySQL's and MariaDB's client and server.
  fileprivate var saysThatForeignServerIsLost: Bool {
    let words = [
      "has gone away", "Lost connection", "Connection was killed", "disconnected by the server", "shutdown in progress",
    ]
    return state.isLossOfForeignServer && words.contains(where: message.contains)
  }
}
