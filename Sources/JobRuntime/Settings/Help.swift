/// `--help` of a job, from its declarations.
enum Help {
  static func text<J: Job>(of job: J.Type) -> String {
    let (own, common) = declarations(of: job)
    return """
      \(J.name) — \(J.summary)

      Usage: \(J.name) [--help | --version | --describe | --check | --plan]

        (nothing)   run the job; its result is one line of JSON on stdout
        --plan      do everything but write: report what would change
        --check     look at settings, connections, privileges and schema; write nothing
        --help      this text
        --version   the version
        --describe  name, settings, tables and exit codes as one line of JSON, for who writes manifests

      Settings of this job (environment variables):
      \(list(own))
      Settings of every job:
      \(list(common))
      A setting marked * is also read from the file that NAME_FILE names. One that selects the work is part of what a
      run is: with another value of it, a run for the same moment is no duplicate.

      Exit codes: 0 done or skipped · 64 usage · 65 partial · 69 unavailable · 70 internal ·
      75 leadership or time lost · 77 denied · 78 misconfigured · 130, 143 interrupted

      """
  }

  /// The job's own settings and those of every job.
  static func declarations<J: Job>(of job: J.Type) -> (own: [SettingDeclaration], common: [SettingDeclaration]) {
    var own = Environment([:])
    _ = J.Settings(from: &own)
    var common = Environment([:])
    _ = RuntimeSettings(from: &common)
    return (own.declarations, common.declarations)
  }

  private static func list(_ declarations: [SettingDeclaration]) -> String {
    declarations.map { declaration in
      let name = declaration.name + (declaration.isSecret ? "*" : "")
      let padding = String(repeating: " ", count: max(1, 27 - name.count))
      let facts = declaration.form == "text" ? "" : "\(declaration.form); "
      return "  \(name)\(padding)\(declaration.help)\n"
        + String(repeating: " ", count: 29)
        + "(\(facts)default: \(declaration.defaultText)\(declaration.selects ? "; selects the work" : ""))\n"
    }.joined()
  }
}

/// The tables of settings in README and docs/jobs; a test holds them against it.
package func settingsTable<J: Job>(of job: J.Type) -> (own: [SettingDeclaration], common: [SettingDeclaration]) {
  Help.declarations(of: job)
}
