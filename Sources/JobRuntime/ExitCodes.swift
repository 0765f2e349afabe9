import BlockingIO
import Glibc

/// The exit code of a run.
///
/// After a signal it is 128 plus the signal's number, as in shells.
func exitCode(status: RunStatus, failure: FailureKind?, signal: Int32?) -> Int32 {
  switch status {
  case .succeeded, .skipped: 0
  case .partial: 65
  case .failed: (failure ?? .internal).exitCode
  case .interrupted: 128 + (signal ?? SIGTERM)
  }
}

/// What exit codes mean: the one table behind docs/results.md, `--help` and `--describe`.
package struct ExitCode: Sendable {
  package var codes: [Int32]
  package var status: RunStatus
  /// The failure kinds that end with this code.
  package var kinds: [FailureKind] = []
  package var meaning: String
  package var advice: Advice

  /// What the scheduler should do.
  package enum Advice: String, Sendable {
    case nothing = "—"
    case retry = "retry"
    case retryAndAlert = "retry, alert"
    case leave = "not retry"
    case leaveAndAlert = "not retry, alert"

    package var retries: Bool { self == .retry || self == .retryAndAlert }
    package var alerts: Bool { self == .retryAndAlert || self == .leaveAndAlert }
  }

  package static let all: [ExitCode] = [
    ExitCode(codes: [0], status: .succeeded, meaning: "done", advice: .nothing),
    ExitCode(codes: [0], status: .skipped, meaning: "reason `locked`, `already_done` or `paused`", advice: .nothing),
    ExitCode(
      codes: [exitCode(status: .partial, failure: nil, signal: nil)], status: .partial,
      meaning: "all good items are written; more failed than the budget allows; they are dead letters",
      advice: .leaveAndAlert),
    failed(.usage, "unknown argument", .leave),
    failed(.unavailable, "Redis or Postgres out of reach after the retries", .retry),
    failed(.internal, "anything unforeseen; a program that failed under `job-exec`", .retryAndAlert),
    failed(
      .lockLost,
      "leadership or time ran out, Postgres failed over, other work was in the way, the program requested it, or clocks disagree; everything uncommitted is rolled back",
      .retry),
    failed(.denied, "authentication or privilege refused", .leave),
    failed(
      .misconfigured, "bad setting, missing table or column, schema too old: the hint says what to do", .leave),
    ExitCode(
      codes: [SIGTERM, SIGINT].map { exitCode(status: .interrupted, failure: nil, signal: $0) }, status: .interrupted,
      meaning: "SIGTERM, SIGINT: stopped at the next safe point, within \(StopLimits.contract.components.seconds) s",
      advice: .retry),
  ]

  /// The row of all kinds that share this kind's exit code.
  private static func failed(_ kind: FailureKind, _ meaning: String, _ advice: Advice) -> ExitCode {
    ExitCode(
      codes: [kind.exitCode], status: .failed, kinds: FailureKind.allCases.filter { $0.exitCode == kind.exitCode },
      meaning: meaning, advice: advice)
  }

  /// Each code with its names in results, on one line: `0 succeeded, skipped · 64 usage · …`.
  package static func line(of rows: [ExitCode] = all) -> String {
    var words: [(codes: [Int32], words: [String])] = []
    for row in rows {
      let own = row.kinds.isEmpty ? [row.status.rawValue] : row.kinds.map(\.rawValue)
      if let index = words.firstIndex(where: { $0.codes == row.codes.sorted() }) {
        words[index].words += own
      } else {
        words.append((row.codes.sorted(), own))
      }
    }
    return words.sorted { $0.codes.lexicographicallyPrecedes($1.codes) }.map { codes, words in
      codes.map(String.init).joined(separator: ", ") + " " + words.joined(separator: ", ")
    }.joined(separator: " · ")
  }

  /// `failed` / `denied`: the status and the kinds as results name them.
  package var title: String {
    "`\(status.rawValue)`" + (kinds.isEmpty ? "" : " / " + kinds.map { "`\($0.rawValue)`" }.joined(separator: ", "))
  }
}
