/// `--help` of a job, from its declarations.
package enum JobHelp {
  static func text<J: Job>(of job: J.Type) -> String {
    var arguments = Arguments()
    _ = JobRequest.read(from: &arguments)
    let requests = arguments.options
    let (own, common) = declarations(of: job)
    let given = ownArguments(of: job)
    let words = given.options.map(\.text) + given.operands.map(\.value.placeholder)
    let choices = "[\(requests.map(\.text).joined(separator: " | "))]"
    var page = HelpPage(of: J.name, J.summary, usage: [([J.name, choices] + words).joined(separator: " ")])
    page.add(given.options.map { HelpPage.Entry($0) } + given.operands.map { HelpPage.Entry($0) })
    let run = HelpPage.Entry("(nothing)", "run the job; its result is one line of JSON on stdout")
    page.add([run] + requests.map { HelpPage.Entry($0) })
    page.add(settings: [
      ("Settings of this job (environment variables)", own), ("Settings of every job", common),
    ])
    if own.contains(where: { $0.selects }) {
      page.add(
        "A setting that selects the work is part of the run's identity: with another value, a run for the same time is not a duplicate."
      )
    }
    return page.text(exitCodes: ExitCode.line())
  }

  /// What the job takes besides the requests, of which most take nothing.
  private static func ownArguments<J: Job>(of job: J.Type) -> Arguments {
    var own = Environment([:])
    _ = J.Settings(from: &own)
    return own.arguments
  }

  /// The job's own settings and those of every job.
  package static func declarations<J: Job>(
    of job: J.Type
  ) -> (own: [SettingDeclaration], common: [SettingDeclaration]) {
    var own = Environment([:])
    _ = J.Settings(from: &own)
    var common = Environment([:])
    _ = Servers(from: &common)
    _ = RuntimeSettings(from: &common)
    return (own.declarations, common.declarations)
  }
}
