import Postgres
import Redis

/// How a run ended.
public enum RunStatus: String, Sendable, CaseIterable {
  case succeeded, skipped, partial, failed, interrupted
}

/// Why a run failed.
///
/// Each kind has one exit code (sysexits.h), and schedulers decide by it.
public enum FailureKind: String, Sendable, CaseIterable {
  /// An unknown argument.
  case usage
  /// Redis or Postgres out of reach after the retries.
  case unavailable
  /// Anything unforeseen.
  case `internal`
  /// The program that `job-exec` runs failed.
  case program
  /// The lock could not be renewed before its lease ended.
  case lockLost = "lock_lost"
  /// A newer run has started.
  case fenced
  /// Postgres failed over to another server, or was restored, while the run went on.
  case failover
  /// `JOB_TIMEOUT` ran out.
  case deadline
  /// A run that does other work held the lock for as long as this one may wait.
  case busy
  /// The program that `job-exec` runs asks to be run again later.
  case retryLater = "retry_later"
  /// The clocks of this host and of a server disagree, or the run is for a moment in the future.
  case clock
  /// Authentication or privilege refused.
  case denied
  /// A bad setting, a missing table or column, a schema that is too old.
  case misconfigured

  /// The process's exit code, from sysexits.h: 75 (`EX_TEMPFAIL`) says that another attempt may succeed.
  public var exitCode: Int32 {
    switch self {
    case .usage: 64
    case .unavailable: 69
    case .internal, .program: 70
    case .lockLost, .fenced, .failover, .deadline, .busy, .retryLater, .clock: 75
    case .denied: 77
    case .misconfigured: 78
    }
  }
}

/// A failure described for an operator.
///
/// A job throws one where it knows more than the runtime.
public struct JobFailure: Error, Sendable, CustomStringConvertible {
  /// Decides the exit code.
  public var kind: FailureKind
  /// What was being done, to what, and what went wrong.
  public var message: String
  /// What to do next.
  public var hint: String?
  /// The fence of a run on this same database that Redis has seen, where that is the cause.
  var seen: Int64?

  /// - Parameters:
  ///   - message: what was being done, to what, and what went wrong.
  ///   - hint: what to do next; a sentence of its own.
  public init(_ kind: FailureKind, _ message: String, hint: String? = nil) {
    self.kind = kind
    self.message = message
    self.hint = hint
  }

  /// The message, then the hint as the next sentence.
  public var description: String { message + (hint.map { (message.hasSuffix(".") ? " " : ". ") + $0 } ?? "") }

  /// Describes any error for an operator.
  ///
  /// This is the only mapping from errors to kinds.
  package init(classifying error: any Error) {
    switch error {
    case let error as JobFailure: self = error
    case let error as PostgresError: self.init(postgres: error)
    case let error as RedisError: self.init(redis: error)
    case let error as ForeignServerLost:
      self.init(
        .unavailable, error.description,
        hint: "Check that the foreign server runs, and that nothing ends connections that are in use.")
    default: self.init(.internal, "\(error)", hint: "This is a defect of the job; please report it with the log.")
    }
  }

  private init(postgres error: PostgresError) {
    let message = "\(error)"
    switch error {
    case .connection, .timedOut:
      self.init(.unavailable, message, hint: "Check that the server in DATABASE_URL runs and can be reached from here.")
    case .misconfigured(_, let hint): self.init(.misconfigured, message, hint: hint)
    case .refused(_, let hint): self.init(.denied, message, hint: hint)
    case .tooLarge:
      self.init(
        .internal, message,
        hint:
          "No answer of the job's own data is that large: look for a view or a row there that something else has created."
      )
    case .commitUnknown:
      self.init(
        .unavailable, message, hint: "Check what the run wrote before you run it again, unless the job may run twice.")
    case .cancelled: self.init(.internal, "the work was cancelled")
    case .endsTransaction:
      self.init(
        .internal, message,
        hint:
          "Leave the statement out: a closure's transaction is committed when it returns and rolled back when it throws."
      )
    case .writesReadOnly:
      self.init(
        .internal, message,
        hint:
          "Write in run.transaction { tx in }; in a dry run (run.isDryRun) write nothing, and count what would change.")
    case .invalidStatement, .decoding: self.init(.internal, message)
    case .server(let server): self.init(server: server, message: message)
    }
  }

  private init(server error: PostgresError.ServerError, message: String) {
    switch error.state {
    case .undefinedTable, .undefinedColumn, .undefinedFunction, .invalidSchemaName:
      self.init(
        .misconfigured, message,
        hint: "`--check` lists what is missing, where it is, and who creates it.")
    case .protocolViolation:
      self.init(
        .misconfigured, message,
        hint: PostgresError.poolerHint)
    case .invalidDatabaseName:
      self.init(.misconfigured, message, hint: "Create the database, or correct its name in DATABASE_URL.")
    case .readOnlyTransaction:
      let place = error.isOfStandby ? Schema.standbyFailure : Schema.readOnlyFailure
      self.init(place.kind, message, hint: place.hint)
    case let state where state.isDenied:
      let isLogin = state.errorClass == "28"
      self.init(
        .denied, message,
        hint: error.hint
          ?? (isLogin
            ? "Check user and password in DATABASE_URL."
            : "Grant what is missing to the job's role; `--check` lists it."))
    case let state where state.isTransient:
      self.init(
        .unavailable, message, hint: error.hint ?? "The cause is usually temporary; the next run does the work.")
    case .queryCanceled:
      self.init(
        .unavailable, message,
        hint: "Something outside of the job cancelled the statement, for example a statement_timeout of its role.")
    default: self.init(.internal, message, hint: error.hint)
    }
  }

  private init(redis error: RedisError) {
    let message = "\(error)"
    if let refusal = error.refusal {
      self.init(FailureKind(refusal.meaning), message, hint: refusal.hint)
      return
    }
    switch error {
    case .connection, .timedOut:
      self.init(.unavailable, message, hint: "Check that the server in REDIS_URL runs and can be reached from here.")
    case .server, .unexpectedReply:
      self.init(
        .internal, message,
        hint: "Check that REDIS_URL leads to a Redis. If it does, please report this answer with the log.")
    case .tooLarge:
      self.init(
        .internal, message,
        hint:
          "No key of ours is that large: `redis-cli --memkeys` finds the largest, by name or by value. Delete it, or keep it in another Redis."
      )
    case .untrusted:
      self.init(
        .misconfigured, message,
        hint:
          "Nothing was sent. REDIS_CA_FILE names the authority of the server's certificate. The certificate has to name the host or address in REDIS_URL, or else REDIS_TLS_NAME."
      )
    case .refused: self.init(.denied, message, hint: "Check REDIS_CERT_FILE and REDIS_KEY_FILE.")
    case .misconfigured(_, let hint): self.init(.misconfigured, message, hint: hint)
    case .cancelled: self.init(.internal, "the work was cancelled")
    }
  }
}

extension FailureKind {
  fileprivate init(_ meaning: Refusal.Meaning) {
    self =
      switch meaning {
      case .transient: .unavailable
      case .denied: .denied
      case .misconfigured: .misconfigured
      case .needsHelp: .internal
      }
  }
}
