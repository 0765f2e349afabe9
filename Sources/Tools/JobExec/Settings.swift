import JobRuntime
import Operations

extension JobExec {
  struct Settings: JobSettings {
    /// The program and its arguments; of a run that has settings without problems at least one word.
    let command: [String]
    let codes: ExitMeaning
    /// What the program finds in its environment besides facts of its run.
    let environment: [String: String]

    init(from env: inout Environment) {
      let option = env.arguments.optionalText(
        "name", .text("NAME"), help: "what the runs are called in lock, ledger, health and metrics (or JOB_EXEC_NAME)")
      let setting = env.optionalString(
        "JOB_EXEC_NAME",
        help:
          "What the runs are called (\(InstanceName.form)), where --name does not say. It is part of what a run is; the command is not."
      )
      command = env.arguments.command(help: "the program, found in PATH, and its arguments; no shell reads them")
      codes = env.choice(
        "JOB_EXEC_CODES", default: .plain,
        help:
          "What the program's exit code means: plain, where any but 0 is a failure to try again (70), or sysexits, where 64, 65, 69, 75, 77 and 78 keep their meaning."
      )
      let passed =
        env.optionalString(
          "JOB_EXEC_PASS",
          help:
            "Settings with secrets that the program gets, too, separated by commas: DATABASE_URL,REDIS_URL. It gets all other variables anyway."
        )?.split(separator: ",").map { $0.trimmingBlanks } ?? []

      env.jobName = option ?? setting
      if let name = env.jobName {
        if let complaint = Self.complaint(about: name) {
          if option == nil {
            env.complain("JOB_EXEC_NAME", complaint)
          } else {
            env.arguments.complain("--name \(complaint)")
          }
          env.jobName = nil
        }
      } else {
        env.complain(
          "JOB_EXEC_NAME", "is not set, and there is no --name: job-exec --name nightly-export -- ./export.sh")
      }
      if command.isEmpty {
        env.complain("COMMAND", "is missing: it follows --, as in job-exec --name nightly-export -- ./export.sh")
      }
      let secrets = env.declarations.filter(\.isSecret).map(\.name)
      for name in passed where !secrets.contains(name) {
        env.complain("JOB_EXEC_PASS", "names «\(name)», which is not one of \(secrets.joined(separator: ", "))")
      }
      environment = env.forPrograms(passing: passed)
    }

    /// Why runs cannot be called that, as the rest of a sentence.
    private static func complaint(about name: String) -> String? {
      guard InstanceName.isValid(name) else { return "is «\(name)», not of \(InstanceName.form)" }
      guard !(JobNames.all + ["oneshot", "job-exec"]).contains(name) else {
        return "is «\(name)», which is a program of this package; its runs must not be taken for others"
      }
      return nil
    }
  }
}

extension Substring {
  /// Without what people write behind a comma.
  fileprivate var trimmingBlanks: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
