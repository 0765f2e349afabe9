import Postgres

/// Proves that a transaction has read foreign tables to their ends.
///
/// mysql_fdw (2.8, 2.9) takes each error of a fetch for the end of the table. Another query to the server proves
/// nothing: once Postgres' caches were reset, which happens to a session that reads for long while others create
/// tables, the wrapper silently drops its connection and opens another. So a cursor is opened on each connection before
/// the reading, which prepares a statement there, and its first row is fetched after it, on the same connection: a
/// connection that was lost or replaced meanwhile has lost the statement, too, and that is an error.
struct ForeignWatch {
  /// A wrapper has one connection for each server and user.
  private struct Connection: Hashable {
    var server: String
    var reader: String
  }

  /// Cursors that are open, by connection.
  private var cursors: [Connection: String] = [:]
  /// Connections on which none could be opened, and why.
  private var refused: [Connection: PostgresError.ServerError] = [:]
  /// How long each of its statements may take; `nil` is the session's usual limit.
  private let limit: Duration?

  init(limit: Duration?) { self.limit = limit }

  /// Opens a cursor on each connection that has none.
  ///
  /// - Parameter connections: the rows of the query `connections`.
  mutating func begin(_ connections: Rows, on session: borrowing Session) throws {
    for row in connections {
      let connection = try Self.connection(row)
      guard cursors[connection] == nil else { continue }
      let name = "oneshot_foreign_\(cursors.count + 1)"
      refused[connection] = try attempt([Self.opening(name, row)], on: session)
      if refused[connection] == nil { cursors[connection] = name }
    }
  }

  /// Whether a cursor was tried on all these connections.
  func hasTried(_ connections: Rows) throws -> Bool {
    try connections.allSatisfy { row in
      let connection = try Self.connection(row)
      return cursors[connection] != nil || refused[connection] != nil
    }
  }

  /// Fetches from each cursor.
  ///
  /// - Parameter connections: those that were read.
  /// - Throws: `ForeignServerLost` where a connection is no longer the one that it was.
  func end(_ connections: Rows, on session: borrowing Session) throws {
    for row in connections {
      let connection = try Self.connection(row)
      var reason = refused[connection]
      if let name = cursors[connection] {
        reason = try attempt(["fetch 1 from \(name)", "close \(name)"], on: session)
      } else if reason?.state == .foreignServerOutOfReach,
        try attempt([Self.opening("oneshot_again", row)], on: session) != nil
      {
        // A server that was never reached was not read either; only one that has come back meanwhile may have been.
        reason = nil
      }
      if let reason, reason.state.isOfForeignServer {
        throw ForeignServerLost("the foreign server \(connection.server)", reason)
      }
    }
  }

  private static func opening(_ cursor: String, _ row: Row) throws -> String {
    "declare \(cursor) no scroll cursor for select from \(try row.value("relation", as: String.self)) limit 1"
  }

  private static func connection(_ row: Row) throws -> Connection {
    Connection(server: try row.value("server"), reader: try row.value("reader"))
  }

  /// - Returns: why the server has refused; its effects are rolled back then.
  private func attempt(
    _ statements: [String], on session: borrowing Session
  ) throws -> PostgresError.ServerError? {
    do {
      try session.pipeline(
        ["savepoint oneshot_foreign"] + statements.map { Statement(sql: $0).limited(to: limit) }
          + ["release savepoint oneshot_foreign"])
      return nil
    } catch {
      guard case .server(let reason) = error, !["08", "40", "57"].contains(reason.state.errorClass) else { throw error }
      try session.query("rollback to savepoint oneshot_foreign")
      return reason
    }
  }

  /// Names one relation for each connection that the transaction reads its foreign tables over.
  ///
  /// A table is read as the current user, and through a view as the view's owner, who may have another connection.
  ///
  /// One row of a view costs as much as MySQL needs for its first row. Files are left out: they would be read again,
  /// and their programs would run again.
  static let connections: Statement = """
    with recursive reached as (
      select distinct relation as id, relation as entry, current_user::text as reader, 0 as depth
      from pg_locks
      where locktype = 'relation' and pid = pg_backend_pid() and granted
        and database = (select oid from pg_database where datname = current_database())
      union
      select d.refobjid, entry, case when is_invokers then reader else pg_get_userbyid(relowner)::text end, depth + 1
      from reached
      join pg_class as v on v.oid = reached.id and relkind = 'v'
      join pg_rewrite as r on ev_class = v.oid
      join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        and d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid,
        lateral (
          select coalesce(bool_or(option_value::boolean), false)
          from pg_options_to_table(reloptions) where option_name = 'security_invoker') as option (is_invokers)
    )
    select distinct on (ftserver, reader) srvname::text as server, reader, entry::regclass::text as relation
    from reached
    join pg_foreign_table on ftrelid = reached.id
    join pg_foreign_server as s on s.oid = ftserver
    join pg_foreign_data_wrapper as w on w.oid = srvfdw and fdwname <> 'file_fdw'
    where has_any_column_privilege(entry, 'select')
    order by ftserver, reader, depth, entry
    """
}

extension SQLState {
  /// Whether the error is a wrapper's report about its server.
  var isOfForeignServer: Bool { errorClass == "HV" }

  /// `fdw_unable_to_establish_connection`.
  fileprivate static let foreignServerOutOfReach = SQLState(rawValue: "HV00N")
}
