import Postgres

/// Compares this host's clock with a server's, before a run writes anything.
///
/// The host's clock says when a run started, what is old enough to be removed, and, where nobody else does, what the run
/// is for. One that is a day ahead would complete a day that is not over.
struct ClockCheck: Sendable {
  /// `JOB_CLOCK_TOLERANCE`: how far two clocks may be apart.
  let tolerance: Duration
  /// The moment that the run is for must have come, by the server's clock too.
  let logicalTime: LogicalTime
  /// By this host's clock: before the server is asked, and once it has answered.
  var asked: Timestamp
  var answered: Timestamp

  /// Between which two moments the server's has to lie.
  var earliest: Timestamp { max(asked, logicalTime.moment) - tolerance }
  var latest: Timestamp { answered + tolerance }

  /// - Returns: why the run may not go on, if so.
  func failure(_ server: String, says moment: Timestamp) -> JobFailure? {
    earliest <= moment && moment <= latest ? nil : refusal(server, says: moment)
  }

  /// Why a run may not go on whose server's clock does not lie between the two.
  func refusal(_ server: String, says moment: Timestamp) -> JobFailure {
    let allowed = "JOB_CLOCK_TOLERANCE is \(DurationText.format(tolerance))"
    guard asked - tolerance <= moment, moment <= latest else {
      return JobFailure(
        .clock,
        "the clock of this host says \(asked.rfc3339), and that of \(server) says \(moment.rfc3339); \(allowed)",
        hint: "Correct the clock that is wrong; timedatectl shows whether it follows NTP. Nothing was written.")
    }
    return JobFailure(
      .clock,
      "the run is for \(logicalTime.moment.rfc3339) (\(logicalTime.source.words)), which is in the future: the clock of \(server) says \(moment.rfc3339); \(allowed)",
      hint: "Correct the moment, or start the run once it has come. Nothing was written.")
  }

  /// Postgres' moment: when it got this statement, however long that then waits.
  static let question: Statement = "select statement_timestamp() as moment"
}

extension LogicalTime.Source {
  /// Where a person finds it who wants to correct it.
  fileprivate var words: String {
    switch self {
    case .setting: "JOB_SCHEDULED_AT"
    case .kubernetes: "JOB_KUBERNETES_NAME"
    case .clock: "this host's clock"
    }
  }
}
