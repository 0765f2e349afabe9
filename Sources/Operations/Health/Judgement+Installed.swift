/// Jobs that somebody expects and that are not installed.
extension Judgement {
  /// Whether no run of an expected job was ever seen in a database that lacks a line of migrations that the job needs
  /// (`HEALTH_LINES`): then nothing is missed. Of a job that has run, whatever became of its tables, this says nothing.
  func isOff(_ expectation: Expectation) -> Bool {
    guard let applied = facts.lines, let needed = settings.lines[expectation.job], !needed.isSubset(of: applied) else {
      return false
    }
    return !facts.runs.contains { isOf($0.part, expectation.instance, expectation.job) }
  }

  /// How the expectations call them.
  package var off: [String] { settings.expectations.filter { $0.period != nil && isOff($0) }.map(\.name) }
}
