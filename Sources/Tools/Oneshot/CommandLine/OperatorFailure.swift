import JobRuntime
import Postgres

extension JobFailure {
  /// The hint for a database that lacks something that a command reads.
  static let migrateHint =
    "`oneshot migrate --plan` shows what is missing; `oneshot migrate` needs the owner's DATABASE_URL."

  /// An error with a hint for operators: the hint for a job would not help here.
  init(forOperators error: any Error) {
    self.init(classifying: error)
    guard let state = (error as? PostgresError)?.state else { return }
    if kind == .misconfigured, state.errorClass == "42" || state == .invalidSchemaName {
      hint = Self.migrateHint
    } else if kind == .denied, state.errorClass != "28" {
      hint = "docs/operate.md#rights has what the role in DATABASE_URL needs."
    }
  }
}
