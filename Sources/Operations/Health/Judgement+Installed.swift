/// Expected jobs that are not installed.
extension Judgement {
  /// Whether an expected job is not installed: it has no run, and the database lacks a line of migrations that it needs
  /// (`HEALTH_LINES`).
  ///
  /// A job that has run counts as installed, whatever became of its tables.
  func isOff(_ expectation: Expectation) -> Bool {
    guard let applied = facts.lines, let needed = settings.lines[expectation.job], !needed.isSubset(of: applied) else {
      return false
    }
    return !facts.runs.contains { isOf($0.part, expectation.instance, expectation.job) }
  }

  /// How the expectations call them.
  package var off: [String] { settings.expectations.filter { $0.period != nil && isOff($0) }.map(\.name) }
}
