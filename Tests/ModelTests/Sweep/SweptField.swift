import JobRuntime
import Redis
import TestSupport

/// A job's place in which one cut after the other is made and judged.
struct SweptField<Field: ModelledJob> {
  private let field: Field

  init() async throws { field = try await Field.make(on: nil) }

  /// Does a run that is cut, and an ordinary one after it where the first has not done the work.
  func judge(_ cut: Cut) async throws -> Cut.Verdict {
    try await field.clear()
    let isMade = Cut.Flag()
    let proxy = try cut.proxy(before: field.place, isMade: isMade)
    defer { proxy.close() }
    // The third try is for a connection that a busy machine makes wait.
    let run = await field.runHere(
      postgres: cut.server == .postgres ? proxy : nil, redis: cut.server == .redis ? proxy : nil,
      cut.conversation.way.merging([
        "JOB_ATTEMPTS": cut.connection == nil ? "2" : "3", "JOB_BACKOFF_MAX": "1ms", "JOB_LOG_LEVEL": "warning",
      ]) { $1 })
    var breaches: [String] = []
    func expect(_ isSo: Bool, _ what: @autoclosure () -> String) {
      if !isSo { breaches.append("\(cut): \(what()): \(run.output)\(run.errors)") }
    }
    if let breach = run.contractBreach { expect(false, breach) }
    let isDone = Self.isDone(run)
    let lock = try await field.place.redis("DEL", Field.lockKey)
    if cut.connection != nil {
      // Reindex writes on several connections at once, and cannot prove that a COMMIT without an answer was kept: it says so
      // with 69, and the next run goes on (decision 7, "Several connections").
      let isUnproven =
        Field.job == "reindex" && run.exitCode == 69
        && run.output.contains("lost during COMMIT, and whether it was committed")
      expect(isDone || isUnproven, "one connection was cut, and the work is not done")
      expect(lock.integer == 0, "the lock was left")
    } else {
      expect(isDone || run.exitCode == 69, "no ending of this fault")
    }
    // The result and the ledger say the same.
    let statuses = try await field.statuses()
    if isDone {
      expect(statuses == [run.result["status"].string ?? ""], "the ledger says \(statuses)")
      let mistakes = try await field.mistakes()
      expect(mistakes.isEmpty, "done, and wrong: \(mistakes.prefix(3))")
    } else {
      expect(!statuses.contains { ["succeeded", "partial"].contains($0) }, "the ledger says \(statuses)")
      let next = await field.runHere(cut.conversation.way)
      expect(Self.isDone(next), "the next run: \(next.output)\(next.errors)")
      let mistakes = try await field.mistakes()
      expect(mistakes.isEmpty, "wrong after the next run: \(mistakes.prefix(3))")
    }
    expect(try await areTotalsRight(), "the totals are not those of the ledger")
    return Cut.Verdict(exitCode: run.exitCode, isMade: isMade.isRaised, breaches: breaches)
  }

  /// Whether the work is done: with 65 something is wrong with the jobs that it looked at.
  private static func isDone(_ run: Binary.Outcome) -> Bool {
    run.exitCode == 0 && run.result["status"].string == "succeeded" || run.exitCode == 65
  }

  private func areTotalsRight() async throws -> Bool {
    try await field.place.value(
      """
      select coalesce(sum(succeeded), 0) = (select count(*) from oneshot.job_runs where job = t.job and status = 'succeeded')
        and coalesce(sum(partial), 0) = (select count(*) from oneshot.job_runs where job = t.job and status = 'partial')
      from (values ('\(Field.job)')) as t (job) left join oneshot.job_totals using (job) group by t.job
      """) == "true"
  }
}
