/// The declaration of one setting: the one source for parsing, `--help` and the tables of docs.
package struct SettingDeclaration: Sendable, Equatable {
  package var name: String
  /// How a value reads: "duration", "1…10000", "keep, overwrite or fail".
  package var form: String
  /// The value without the variable; a description where it is not a constant.
  package var fallback: String?
  package var isRequired = false
  package var help: String
  /// Whether the value may hold a secret; then `NAME_FILE` is read too.
  package var isSecret = false
  /// Whether it selects the work, and so is part of the run's identity (see `Selection`).
  package var selects = false

  /// Whether its values are of a closed kind: numbers, words of a list, lengths of time.
  var isClosed = false
  /// Whether it is only for whoever installs the job; see `Environment.reserveForInstallers`.
  var isForInstallers = false

  static let path = "path"

  /// Whether an event may set it: what selects the work, and whatever can do no more than the job does anyway.
  package var isForEvents: Bool { (isClosed || selects) && !isSecret && !isForInstallers && form != Self.path }

  /// The default as it stands in tables.
  package var defaultText: String { isRequired ? "required" : fallback ?? "none" }
}

/// One mistake in the environment.
package struct SettingProblem: Sendable, Equatable {
  package var name: String
  package var message: String
}
