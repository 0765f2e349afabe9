import JobRuntime
public import Postgres

extension Session {
  /// Sets up a transaction that groups and sorts much at once.
  ///
  /// - Parameters:
  ///   - workMemory: in MB.
  ///   - timeout: how long one statement may take; `nil` is the session's usual limit.
  public func setUpRanking(workMemory: Int, timeout: Duration?) throws {
    // Compiling these queries takes longer than it saves.
    try query("select set_config('work_mem', \("\(workMemory)MB"), true), set_config('jit', 'off', true)")
    if let timeout { try setTimeout(timeout) }
  }

  /// Limits each further statement of the transaction.
  public func setTimeout(_ limit: Duration) throws {
    try query("select set_config('statement_timeout', \("\(limit.inMilliseconds)ms"), true)")
  }
}
