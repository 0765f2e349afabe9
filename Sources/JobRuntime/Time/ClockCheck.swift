import Postgres

/// Compares this host's clock with a server's, before a run writes anything.
///
/// The host's clock decides when a run started, what is old enough to be removed, and, where no scheduler does, the
/// scheduled time of the run. A clock that is a day ahead would complete a day that is not over.
struct ClockCheck: Sendable {
  /// `JOB_CLOCK_TOLERANCE`: how far two clocks may be apart.
  let tolerance: Duration
  /// The scheduled time, which must have come by the server's clock, too.
  let logicalTime: LogicalTime
  /// By this host's clock: before the request to the server, and after its answer.
  var requestedAt: Timestamp
  var answeredAt: Timestamp

  /// The bounds for the server's clock.
  var earliest: Timestamp { max(requestedAt, logicalTime.moment) - tolerance }
  var latest: Timestamp { answeredAt + tolerance }

  /// - Returns: why the run may not continue; `nil` if it may.
  func failure(_ server: String, says moment: Timestamp) -> JobFailure? {
    earliest <= moment && moment <= latest ? nil : refusal(server, says: moment)
  }

  /// The failure of a run whose server's clock is out of these bounds.
  func refusal(_ server: String, says moment: Timestamp) -> JobFailure {
    let allowed = "JOB_CLOCK_TOLERANCE is \(DurationText.format(tolerance))"
    guard requestedAt - tolerance <= moment, moment <= latest else {
      return JobFailure(
        .clock,
        "the clock of this host says \(requestedAt.rfc3339), and that of \(server) says \(moment.rfc3339); \(allowed)",
        hint: "Correct the clock that is wrong; timedatectl shows whether it follows NTP. Nothing was written.")
    }
    return JobFailure(
      .clock,
      "the run is for \(logicalTime.moment.rfc3339) (\(logicalTime.source.name)), which is in the future: the clock of \(server) says \(moment.rfc3339); \(allowed)",
      hint: "Correct the moment, or start the run once it has come. Nothing was written.")
  }

  /// Reads Postgres' clock: the time at which it got this statement, however long that then waits.
  static let question: Statement = "select statement_timestamp() as moment"
}

extension LogicalTime.Source {
  /// Where the moment comes from, for whoever has to correct it.
  fileprivate var name: String {
    switch self {
    case .setting: "JOB_SCHEDULED_AT"
    case .kubernetes: "JOB_KUBERNETES_NAME"
    case .clock: "this host's clock"
    }
  }
}
