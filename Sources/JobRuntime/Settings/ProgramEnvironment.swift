extension Environment {
  /// What a program that the job starts finds in its environment: all variables, but for settings with secrets.
  ///
  /// What looks like a secret of the program is concealed in everything that the run writes. Call it after all settings
  /// are read.
  ///
  /// - Parameter passed: settings with secrets that the program gets, too.
  public mutating func forPrograms(passing passed: [String] = []) -> [String: String] {
    let withheld = Set(declarations.filter(\.isSecret).map(\.name)).subtracting(passed).flatMap { [$0, $0 + "_FILE"] }
    let environment = given.filter { !withheld.contains($0.key) }
    conceal(ForeignSecrets.values(in: environment))
    return environment
  }
}
