import JobRuntime
import Postgres

/// How long a run waits for what others hold: after one wait without success it waits less for the next.
struct Patience: Sendable {
  var isSpent = false

  /// For one lock.
  var lock: Duration { isSpent ? .milliseconds(100) : .seconds(2) }
  /// For one statement, with what triggers do in it.
  private var statement: Duration { isSpent ? .seconds(10) : .minutes(1) }

  /// Sets the limit for locks until the transaction ends.
  var lockLimit: Statement { Self.setting(["lock_timeout": lock]) }
  /// Sets both.
  var limits: Statement { Self.setting(["lock_timeout": lock, "statement_timeout": statement]) }
  /// Gives back what the session has.
  static let noLimits: [Statement] = [
    "set local lock_timeout to default", "set local statement_timeout to default",
  ]

  /// A role's shorter limits stay.
  private static func setting(_ limits: KeyValuePairs<String, Duration>) -> Statement {
    """
    select set_config(name, case when setting::bigint between 1 and most then setting else most::text end, true)
    from unnest(\(limits.map(\.key))::text[], \(limits.map(\.value.inMilliseconds))::bigint[]) as wanted (name, most)
    join pg_settings using (name)
    """
  }
}
