/// The scheduled time of a run, and where it comes from.
package struct LogicalTime: Sendable, Equatable {
  /// Where the moment comes from, in the order of precedence.
  package enum Source: String, Sendable {
    /// `JOB_SCHEDULED_AT`.
    case setting
    /// The minutes since the epoch at the end of the Kubernetes Job's name.
    case kubernetes
    /// The clock when the run started; neither of the others was given.
    case clock
  }

  package var moment: Timestamp
  package var source: Source

  /// Whether the moment names one slot of a schedule, so that a second start for it is a duplicate.
  package var identifiesSlot: Bool { source != .clock }

  /// Decides the scheduled time of a run.
  ///
  /// - Parameters:
  ///   - warning: set when a Kubernetes name was set and could not be used.
  static func decide(
    setting: Timestamp?, kubernetesName: String?, now: Timestamp, warning: inout String?
  ) -> LogicalTime {
    if let setting { return LogicalTime(moment: setting, source: .setting) }
    guard let kubernetesName else { return LogicalTime(moment: now, source: .clock) }
    // The suffix is no promise of the Kubernetes API: it counts only when it is near the clock.
    if let suffix = kubernetesName.split(separator: "-").last, let minutes = Int64(suffix),
      (0...100_000_000).contains(minutes)
    {
      let moment = Timestamp(seconds: minutes * 60)
      if moment > now - .days(2) && moment < now + .days(2) {
        return LogicalTime(moment: moment, source: .kubernetes)
      }
    }
    warning =
      "JOB_KUBERNETES_NAME=\(kubernetesName) does not end in minutes since the epoch near today; the clock decides what this run is for"
    return LogicalTime(moment: now, source: .clock)
  }
}

/// What a run covers: `[start, end)`, never empty.
public struct Window: Sendable, Equatable {
  /// The first moment of the window.
  public var start: Timestamp
  /// The end, which is not part of the window.
  public var end: Timestamp

  /// `nil` where the end is not after the start.
  public init?(start: Timestamp, end: Timestamp) {
    guard start < end else { return nil }
    self.start = start
    self.end = end
  }
}
