import JobRuntime
import Operations

/// What `oneshot health` shows.
struct HealthView {
  let judgement: Judgement
  let facts: HealthFacts
  let parts: [HealthPart]
  /// How the parts are called.
  let names: PartNames
  let verdict: Verdict
  /// Why locks could not be read.
  let blindness: JobFailure?

  private var now: Timestamp { facts.now }
  private var troubles: [Trouble] { verdict.troubles }

  // MARK: For people

  func text(width: Int?) -> String {
    var table = Table(
      "part", "last success", "every", .number("failed"), .number("took"), .number("median"),
      .number("behind"), "oldest", "lock")
    for part in parts {
      table.add(
        names[part.part], part.lastSuccess?.startedAt.age(at: now) ?? "never",
        judgement.expectation(of: part).map { $0.period.map(DurationText.format) ?? "never" }, failures(of: part),
        part.lastSuccess?.duration?.short, usual(of: part)?.short, part.lastSuccess?.behind.map(String.init),
        part.oldestWork.map { $0.elapsed(at: now).short },
        lock(of: part))
    }
    var text = table.isEmpty ? "No job has run in the last seven days.\n" : table.text(width: width)
    if !facts.letters.isEmpty { text += "\n" }
    let letterNames = PartNames(facts.letters.map(\.part))
    for letters in facts.letters {
      let oldest = letters.oldest.withAge(at: now)
      text +=
        printable(
          "\(letters.count) dead letter\(letters.count == 1 ? "" : "s") of \(letterNames[letters.part]) \(letters.count == 1 ? "is" : "are") pending; the oldest failed first \(oldest)."
        )
        + "\n"
    }
    if !judgement.off.isEmpty {
      text +=
        "\nNot installed, so that nothing is expected of them: \(printable(judgement.off.joined(separator: ", "))) (oneshot migrate makes their tables).\n"
    }
    text += requestsText
    if let blindness {
      text += "\nLocks could not be looked at: \(printable(blindness.description))\n"
    }
    if troubles.isEmpty {
      let nothing = verdict.snoozed > 0 ? "nothing else" : "nothing"
      return text + "\nHealthy: \(nothing) is wrong\(blindness == nil ? "" : " as far as the ledger shows").\n"
    }
    text += "\nProblems:\n"
    for trouble in troubles {
      text +=
        printable("\(names[trouble.part]): \(trouble.kind.rawValue), since \(trouble.since.withAge(at: now))")
        + "\n"
      text += "  \(printable(trouble.message)).\n"
    }
    return text
  }

  private func failures(of part: HealthPart) -> String {
    let count = part.failures.count
    return "\(count)" + (count >= HealthFacts.newest ? "+" : "")
  }

  private func usual(of part: HealthPart) -> Duration? { part.lastSuccess.flatMap { part.usual(before: $0) } }

  private func held(_ part: HealthPart) -> HeldLock? {
    facts.hasLockHere(part.part) ? facts.locks?.first { $0.name == part.lockName } : nil
  }

  private func lock(of part: HealthPart) -> String? {
    guard facts.locks != nil, facts.hasLockHere(part.part) else { return "unknown" }
    guard let lock = held(part) else { return nil }
    guard let run = facts.runs.first(where: { $0.id == lock.runID }) else { return "held by \(lock.holder.prefix(80))" }
    let which = run.part == part.part ? "running" : "held by \(names[run.part])"
    return "\(which) on \(run.host) for \(run.startedAt.elapsed(at: now).short)"
  }

  // MARK: For programs

  var json: JSON {
    var members: [(String, JSON)] = [
      ("well", .bool(troubles.isEmpty && blindness == nil)), ("judged_at", .string(now.rfc3339)),
      ("troubles", .array(troubles.map(json))), ("parts", .array(parts.map(json))),
      ("not_installed", .array(judgement.off.map { .string($0) })),
      (
        "dead_letters",
        .array(
          facts.letters.map {
            [
              "instance": .string($0.part.instance), "job": .string($0.job), "server": .string($0.part.server),
              "pending": .integer(Int64($0.count)),
              "oldest_failed_at": .string($0.oldest.rfc3339),
            ]
          })
      ),
    ]
    members += requestsJSON
    if let blindness { members.append(("locks_error", .string(blindness.description))) }
    return JSON(members: members)
  }

  func json(_ trouble: Trouble) -> JSON {
    [
      "instance": .string(trouble.part.instance), "job": .string(trouble.part.job),
      "server": .string(trouble.part.server), "variant": .string(trouble.part.variant),
      "shard": .integer(Int64(trouble.part.shard)), "kind": .string(trouble.kind.rawValue),
      "since": .string(trouble.since.rfc3339), "message": .string(trouble.message),
    ]
  }

  private func json(_ part: HealthPart) -> JSON {
    func text(_ moment: Timestamp?) -> JSON { moment.map { .string($0.rfc3339) } ?? .null }
    func length(_ duration: Duration?) -> JSON { duration.map { .integer($0.inMilliseconds) } ?? .null }
    let lock: JSON =
      held(part).map { lock in
        [
          "run_id": lock.runID.map { .string($0) } ?? .null, "holder": .string(lock.holder),
          "ends_in_ms": length(lock.timeLeft),
        ]
      } ?? .null
    return [
      "instance": .string(part.part.instance), "job": .string(part.part.job), "server": .string(part.part.server),
      "variant": .string(part.part.variant), "shard": .integer(Int64(part.part.shard)),
      "shard_count": .integer(Int64(part.shardCount)),
      "expected_every_ms": length(judgement.expectation(of: part)?.period),
      "last_started_at": text(part.newest?.startedAt),
      "last_status": part.newest.map { .string($0.status.rawValue) } ?? .null,
      "last_success_at": text(part.lastSuccess?.startedAt),
      "last_success_duration_ms": length(part.lastSuccess?.duration), "median_duration_ms": length(usual(of: part)),
      "consecutive_failures": .integer(Int64(part.failures.count)),
      "behind": part.lastSuccess?.behind.map { .integer($0) } ?? .null,
      "oldest_work_at": text(part.oldestWork), "lock": lock,
    ]
  }
}
