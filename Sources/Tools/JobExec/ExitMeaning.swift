import ChildProcess
import Glibc
import JobRuntime

/// What the exit code of the program means (`JOB_EXEC_CODES`).
enum ExitMeaning: String, CaseIterable, Sendable {
  /// 0 is success, all else a failure.
  case plain
  /// As sysexits.h has it, and the contract of jobs.
  case sysexits

  /// - Throws: how the run failed.
  func judge(
    _ end: ProgramEnd, of word: String, _ lastLines: [String], _ report: JobExec.Report
  ) throws -> JobExec.Report {
    let last = lastLines.last.map { "; its last line: \($0)" } ?? ""
    switch end.kind {
    case .exited(0): return report
    case .exited(let code):
      guard self == .sysexits, let meaning = Self.meaning(of: code) else {
        throw JobFailure(
          .program, "\(word) ended with exit code \(code)\(last)",
          hint: "details.last_lines and the log have its output.")
      }
      if code == EX_DATAERR {
        var report = report
        report.exceedsBudget = true
        return report
      }
      throw JobFailure(
        meaning, "\(word) ended with exit code \(code)\(last)",
        hint: "JOB_EXEC_CODES=sysexits: the code is the program's own word for it.")
    case .killed(let signal):
      throw JobFailure(
        .program, "\(word) was killed by \(ProgramEnd.name(of: signal))\(last)",
        hint: signal == SIGKILL
          ? "Check whether memory ran short: the kernel's log says so, and OOMKilled in Kubernetes." : nil)
    case .notStarted(let problem):
      let hint =
        problem == ENOEXEC
        ? "A script begins with a line such as #!/bin/sh, or is given to its interpreter: -- sh \(word)"
        : problem == ENOENT ? "Check that the interpreter in the script's first line exists." : nil
      throw JobFailure(
        .misconfigured, "\(word) could not be started: \(String(cString: strerror(problem)))", hint: hint)
    }
  }

  /// `nil` for a code that says nothing about what to do next.
  private static func meaning(of code: Int32) -> FailureKind? {
    switch code {
    case EX_USAGE: .usage
    case EX_UNAVAILABLE: .unavailable
    case EX_TEMPFAIL: .retryLater
    case EX_NOPERM: .denied
    case EX_CONFIG: .misconfigured
    case EX_DATAERR: .program
    default: nil
    }
  }
}
