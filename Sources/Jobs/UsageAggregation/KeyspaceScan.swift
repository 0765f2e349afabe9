import JobRuntime
import Redis

/// One pass over the keyspace of a server, which continues after it has given up a connection.
protocol KeyspaceScan: Sendable {
  var report: ScanReport { get }

  /// Whether all keys are read and sent on.
  var isDone: Bool { get }

  /// Reads all counters of the run and sends them on as rows of `staged_counters`.
  ///
  /// - Returns: the scan's progress. If it is not done, an answer was too large and the connection is lost with it: the
  ///   scan continues with another one.
  func goingOn(_ session: inout RedisSession) throws -> Self
}

extension JobRun {
  /// Carries a scan through to its end.
  func readAll(of primary: RedisPrimary, _ scan: some KeyspaceScan) async throws -> ScanReport {
    var scan = scan
    while !scan.isDone { scan = try await redis(on: primary, scan.goingOn) }
    return scan.report
  }
}
