/// The declaration of one setting: the one source for parsing, `--help` and the tables of docs.
public struct SettingDeclaration: Sendable, Equatable {
  public var name: String
  /// How a value reads: "duration", "1…10000", "keep, overwrite or fail".
  public var form: String
  /// The value without the variable; a description where it is not a constant.
  public var fallback: String?
  public var isRequired = false
  public var help: String
  /// Whether the value may hold a secret; then `NAME_FILE` is read too.
  public var isSecret = false
  /// Whether it selects the work, and so is part of the run's identity (see `Selection`).
  public var selects = false

  /// Whether its values are of a closed kind: numbers, words of a list, lengths of time.
  var isClosed = false
  /// Whether it is only for whoever installs the job; see `Environment.reserveForInstallers`.
  var isForInstallers = false

  static let path = "path"

  /// Whether an event may set it: what selects the work, and whatever can do no more than the job does anyway.
  package var isForEvents: Bool { (isClosed || selects) && !isSecret && !isForInstallers && form != Self.path }

  /// The default as it stands in tables.
  public var defaultText: String { isRequired ? "required" : fallback ?? "none" }
}

/// One mistake in the environment.
public struct SettingProblem: Sendable, Equatable {
  public var name: String
  public var message: String
}
