/// `--help` of a job, from its declarations.
package enum JobHelp {
  static func text<J: Job>(of job: J.Type) -> String {
    var arguments = Arguments()
    _ = JobRequest.read(from: &arguments)
    let requests = arguments.options
    let (own, common) = declarations(of: job)
    var page = HelpPage(
      of: J.name, J.summary, usage: ["\(J.name) [\(requests.map(\.text).joined(separator: " | "))]"])
    let run = HelpPage.Entry("(nothing)", "run the job; its result is one line of JSON on stdout")
    page.add([run] + requests.map { HelpPage.Entry($0) })
    page.add(settings: [
      ("Settings of this job (environment variables)", own), ("Settings of every job", common),
    ])
    if own.contains(where: { $0.selects }) {
      page.add(
        "A setting that selects the work is part of what a run is: with another value, a run for the same time is no duplicate."
      )
    }
    return page.text(exitCodes: ExitCode.line())
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
