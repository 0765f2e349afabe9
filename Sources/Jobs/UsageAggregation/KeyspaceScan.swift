import JobRuntime
import Redis

/// One pass over the keyspace of a server, which survives the loss of a connection that it gives up itself.
protocol KeyspaceScan: Sendable {
  var report: ScanReport { get }

  /// Whether all keys are read and handed over.
  var isDone: Bool { get }

  /// Reads all counters of the run and hands them over as rows of `staged_counters`.
  ///
  /// - Returns: how far it is. Where it is not done, an answer was too large and the connection is lost with it: it goes
  ///   on with another one.
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
