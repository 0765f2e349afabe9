package import Dispatch

/// All limits that make up the ten seconds after a signal, in one table.
///
/// Add them up again when you change one.
///
/// After SIGTERM or SIGINT a run stops in this order, each step beginning when the one before it has ended or was
/// given up:
///
/// | step | at most | added up |
/// |---|---|---|
/// | the statement that runs is stopped on the server, and its transaction rolled back | `cancelRequest`, or `drain` where the server takes the request and does not end the statement | 3 s |
/// | or the program that `job-exec` runs has its SIGTERM, and then SIGKILL | `program` | 3 s |
/// | the run's row in the ledger is closed | `closingLedger` | 5 s |
/// | the lock is released: a lock's connection waits no longer than this for an answer | `lockAnswer`, what is left of it | 8 s |
/// | metrics and heartbeat | `readingTotals`, then all channels at once: `channelStart`, and `channel`, or `webRequest` for a heartbeat | what is left of 8 s |
/// | connections are closed | `closingConnection` | what is left of 8 s |
/// | **whatever is not done by now is left**: the process reports its result (`grace`) | | **8 s** |
/// | the log, the result and its copy, each to a reader that may be stuck (`stuckWriter`) | `lastWord` | 9 s |
/// | the process ends, whatever its threads do | | 9 s |
/// | room for a machine that is busy | | **10 s** (`contract`) |
///
/// With both servers in order all of it takes some milliseconds. A COMMIT that was sent before the signal is first
/// waited for (`commit`), because its work is kept; then it is stopped like any statement, and what comes after it has
/// less.
///
/// After the deadline (`JOB_TIMEOUT`) the steps are the same, and the process reports its result after `graceAfterDeadline`:
/// with `lastWord` the same ten seconds. A second signal skips everything: the process reports its result at once.
package enum StopLimits {
  /// How long after a signal, or after its deadline, a process may take to end: what manifests give it.
  package static let contract = Duration.seconds(10)

  // MARK: The process

  /// How long after a signal the run may tidy up.
  package static let grace = Duration.seconds(8)
  /// The same after its deadline: there a reader that is stuck has no second to spare.
  package static let graceAfterDeadline = contract - lastWord
  /// How long the process may take to report its result.
  package static let lastWord = Duration.seconds(1)
  /// How long one piece of it may block: two of them fit into `lastWord`.
  package static let stuckWriter = Duration.milliseconds(400)

  // MARK: The program of job-exec

  /// How long the program may take to end after SIGTERM.
  package static let program = Duration.milliseconds(2500)
  /// How long reading the rest of its output may take once it has ended.
  package static let programOutput = Duration.milliseconds(400)

  // MARK: Postgres

  /// How long the server gets to take a cancel request.
  ///
  /// One that takes longer arrives only if the process lives on.
  package static let cancelRequest = Duration.seconds(3)
  /// How long the server gets to end the statement, and to send the rest of its answer.
  package static let drain = Duration.seconds(3)
  /// A request that the server gets before it has begun with the statement stops nothing: it is made again after this.
  package static let cancelAgain = Duration.milliseconds(500)
  /// How long a COMMIT that is under way is waited for before it is stopped.
  package static let commit = Duration.seconds(1)
  /// How long closing the ledger's row may take when the run was interrupted: what is left is the lock's.
  package static let closingLedger = Duration.seconds(2)
  /// How long closing a connection may take: it waits for what that is busy with, which may be a frozen server.
  package static let closingConnection = Duration.seconds(1)

  // MARK: Redis

  /// How long the lock's connection waits for an answer, unless a third of the lease is shorter.
  package static let lockAnswer = Duration.seconds(5)

  // MARK: Metrics and heartbeat

  /// How long reading the totals may take.
  ///
  /// After that the query is left behind: even stopping one takes long where the server is frozen.
  package static let readingTotals = Duration.seconds(2)
  /// How long a channel may take to report the end.
  package static let channel = Duration.seconds(2)
  /// How long a request to a web server may take, TLS included; a heartbeat is waited for as long.
  package static let webRequest = Duration.seconds(3)
  /// How long a channel's start may take.
  ///
  /// The end waits for it, and then has all of its own time.
  package static let channelStart = Duration.seconds(2)

  // MARK: Observers

  /// How long after its deadline a run may stand open in the ledger, as seen by an observer with another clock.
  package static let seenFromOutside = contract + .seconds(5)
}

extension Duration {
  /// The same for Dispatch, to the nanosecond.
  package var forDispatch: DispatchTimeInterval {
    let (whole, isTooLong) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
    // More than 292 years does not fit; nobody notices the difference.
    return isTooLong ? .never : .nanoseconds(Int(clamping: whole + components.attoseconds / 1_000_000_000))
  }
}
