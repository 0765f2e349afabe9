import Redis
import Testing

@testable import JobRuntime
@testable import Postgres

@Suite struct OutcomeTests {
  @Test(
    arguments: [
      (.usage, 64), (.unavailable, 69), (.internal, 70), (.lockLost, 75), (.fenced, 75), (.failover, 75),
      (.deadline, 75), (.busy, 75), (.program, 70), (.retryLater, 75),
      (.clock, 75),
      (.denied, 77), (.misconfigured, 78),
    ] as [(FailureKind, Int32)])
  func `each kind of failure has the contract's exit code`(kind: FailureKind, code: Int32) {
    #expect(exitCode(status: .failed, failure: kind, signal: nil) == code)
  }

  @Test func `each status has the contract's exit code`() {
    #expect(exitCode(status: .succeeded, failure: nil, signal: nil) == 0)
    #expect(exitCode(status: .skipped, failure: nil, signal: nil) == 0)
    #expect(exitCode(status: .partial, failure: nil, signal: nil) == 65)
    #expect(exitCode(status: .interrupted, failure: nil, signal: 15) == 143)
    #expect(exitCode(status: .interrupted, failure: nil, signal: 2) == 130)
  }

  @Test func `the table of exit codes is the contract's`() {
    let table = ExitCode.all.map { row in
      "\(row.title) | \(row.codes.map(String.init).joined(separator: ", ")) | \(row.advice.rawValue)"
    }
    #expect(
      table == [
        "`succeeded` | 0 | —", "`skipped` | 0 | —", "`partial` | 65 | not retry, alert",
        "`failed` / `usage` | 64 | not retry", "`failed` / `unavailable` | 69 | retry",
        "`failed` / `internal`, `program` | 70 | retry, alert",
        "`failed` / `lock_lost`, `fenced`, `failover`, `deadline`, `busy`, `retry_later`, `clock` | 75 | retry",
        "`failed` / `denied` | 77 | not retry", "`failed` / `misconfigured` | 78 | not retry",
        "`interrupted` | 143, 130 | retry",
      ])
  }

  @Test func `a message and its hint are sentences, each with one full stop`() {
    #expect(JobFailure(.denied, "user is disabled.", hint: "Check it.").description == "user is disabled. Check it.")
    #expect(JobFailure(.denied, "it is", hint: "Check it.").description == "it is. Check it.")
  }

  @Test(
    arguments: [
      ("08006", .unavailable), ("53300", .unavailable), ("53100", .unavailable), ("57P01", .unavailable),
      ("40001", .unavailable), ("40P01", .unavailable), ("55P03", .unavailable), ("57014", .unavailable),
      ("28P01", .denied), ("28000", .denied), ("42501", .denied), ("42P01", .misconfigured), ("42703", .misconfigured),
      ("42883", .misconfigured), ("3F000", .misconfigured), ("3D000", .misconfigured), ("25006", .misconfigured),
      ("22012", .internal), ("23505", .internal), ("XX000", .internal),
    ] as [(String, FailureKind)])
  func `an error of Postgres has one kind`(state: String, kind: FailureKind) {
    let error = PostgresError.server(
      .init(
        state: SQLState(rawValue: state), message: "said", detail: nil, hint: nil, statement: nil, position: nil))
    let failure = JobFailure(classifying: error)
    #expect(failure.kind == kind)
    #expect(failure.message.contains("said"))
  }

  @Test(
    arguments: [
      ("LOADING", .unavailable), ("READONLY", .unavailable), ("CLUSTERDOWN", .unavailable), ("BUSY", .unavailable),
      ("NOREPLICAS", .unavailable), ("NOAUTH", .denied), ("WRONGPASS", .denied), ("NOPERM", .denied),
      ("DENIED", .denied),
      ("CROSSSLOT", .misconfigured), ("OOM", .internal), ("MISCONF", .internal), ("WRONGTYPE", .internal),
      ("NEVERHEARD", .internal),
    ] as [(String, FailureKind)])
  func `an error of Redis has one kind and a hint`(code: String, kind: FailureKind) {
    let failure = JobFailure(classifying: RedisError.server(code: code, message: "said"))
    #expect(failure.kind == kind)
    #expect(failure.hint != nil)
  }

  @Test func `the exit codes of help are those of the table`() {
    #expect(
      ExitCode.line()
        == "0 succeeded, skipped · 64 usage · 65 partial · 69 unavailable · 70 internal, program · "
        + "75 lock_lost, fenced, failover, deadline, busy, retry_later, clock · 77 denied · 78 misconfigured · "
        + "130, 143 interrupted")
  }

  @Test func `a lost connection is unavailable and an unknown error internal`() {
    struct Odd: Error {}
    #expect(JobFailure(classifying: PostgresError.connection("x")).kind == .unavailable)
    #expect(JobFailure(classifying: PostgresError.timedOut("x")).kind == .unavailable)
    #expect(JobFailure(classifying: RedisError.connection("x")).kind == .unavailable)
    #expect(JobFailure(classifying: RedisError.timedOut("x")).kind == .unavailable)
    #expect(JobFailure(classifying: Odd()).kind == .internal)
    #expect(JobFailure(classifying: JobFailure(.deadline, "x")).kind == .deadline)
  }
}
