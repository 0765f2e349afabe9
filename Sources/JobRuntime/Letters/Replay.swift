import Postgres

/// The replay of dead letters in one run: assigned to the job before its work, settled after it.
///
/// Until they are settled their replay stays requested, so a run that is killed or fails leaves them to the next one.
struct Replay: Sendable {
  /// A run takes at most this many, or this many bytes of them; the rest is for the next run.
  static let most = 10_000
  private static let mostBytes = 8 * 1024 * 1024
  private static let page = 50
  /// A run reads at most this many pages of requested letters, whether it takes them or not.
  private static let mostPages = 400

  private let assigned: [DeadLetters.Assignment]
  /// The digests of those that the job reports as done.
  private let done: Set<String>
  /// Why the others were not done, by digest.
  private let reasons: [String: String]

  private var digests: [String] { assigned.map(\.digest) }

  /// The replay as the result reports it.
  struct Tally: Sendable {
    var assigned = 0
    var resolved = 0
    var failedAgain = 0
    /// Assigned and not done: their replay stays requested.
    var left = 0
    /// Whether there are, or may be, more than a run takes.
    var hasMore = false
    /// Why the job's replay failed.
    var failure: String?

    var json: JSON {
      var members: [(String, JSON)] = [
        ("handed", .integer(Int64(assigned))), ("resolved", .integer(Int64(resolved))),
        ("failed_again", .integer(Int64(failedAgain))), ("left", .integer(Int64(left))),
      ]
      if hasMore { members.append(("has_more", true)) }
      if let failure { members.append(("failure", .string(failure))) }
      return JSON(members: members)
    }
  }

  /// Takes the requested letters, and lets the job replay them.
  ///
  /// A run that writes nothing only counts them.
  ///
  /// - Returns: the replay to settle once the job's work is done; `nil` when there is nothing to settle.
  static func begin(_ job: some Replayable, _ run: JobRun) async throws -> Replay? {
    let (letters, hasMore) = try await run.transaction { tx in try take(job, run, tx) }
    guard !letters.isEmpty else {
      if hasMore {
        run.log.info(
          "more replays are requested than one run reads, and the rest belong to other runs; the next run continues")
      }
      return nil
    }
    run.record.replayed = Tally(assigned: letters.count, left: letters.count, hasMore: hasMore)
    guard !run.isDryRun else { return nil }
    run.log.info("replaying dead letters", ["letters": .integer(Int64(letters.count))])
    if hasMore { run.log.info("more replays are requested than one run takes; the next run continues") }
    var outcomes: [ReplayOutcome] = []
    do {
      outcomes = try await job.replay(letters, run)
      guard outcomes.count == letters.count else {
        throw JobFailure(.internal, "the replay of \(letters.count) dead letters has \(outcomes.count) outcomes")
      }
    } catch {
      outcomes = []
      let failure = JobFailure(classifying: error)
      // A problem with one letter must not keep the job from its work; a problem with the run must.
      guard failure.kind == .internal, !Task.isCancelled else { throw error }
      run.log.error("the replay failed; its dead letters remain requested", ["error": .string(failure.message)])
      run.record.replayed?.failure = failure.message
    }
    run.log.debug("replayed dead letters")
    try await remember(letters, run)
    return Replay(letters, outcomes)
  }

  private init(_ letters: [DeadLetter], _ outcomes: [ReplayOutcome]) {
    var (done, reasons) = (Set<String>(), [String: String]())
    for (letter, outcome) in zip(letters, outcomes) {
      switch outcome {
      case .done: done.insert(letter.digest)
      case .leftToRun: break
      case .postponed(let reason): reasons[letter.digest] = reason
      }
    }
    assigned = letters.map(DeadLetters.assignment)
    (self.done, self.reasons) = (done, reasons)
  }

  /// Assigns to the run the letters that it takes.
  ///
  /// Where it has read as many pages as it may, it also assigns those that it leaves to others, so that the next run
  /// begins with letters that this one has not read.
  private static func take(
    _ job: some Replayable, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> (letters: [DeadLetter], hasMore: Bool) {
    var (taken, bytes, place, hasMore) = ([DeadLetter](), 0, DeadLetters.Position(), false)
    var (pages, left) = (0, [DeadLetters.Assignment]())
    reading: while true {
      let letters = try tx.query(DeadLetters.requested(run.identity, after: place, limit: page)).map {
        try DeadLetter(row: $0)
      }
      pages += 1
      for letter in letters {
        guard job.takes(letter, as: run.shard) else {
          left.append(DeadLetters.assignment(of: letter))
          continue
        }
        hasMore = taken.count == most || bytes >= mostBytes
        if hasMore { break reading }
        taken.append(letter)
        bytes += letter.item.utf8.count + letter.payload.utf8.count + letter.message.utf8.count
      }
      guard letters.count == page, let last = letters.last else { break }
      place = last.position
      hasMore = pages == mostPages
      if hasMore { break }
    }
    let assigned = taken.map(DeadLetters.assignment) + (hasMore && pages == mostPages ? left : [])
    if run.leadership != nil, !assigned.isEmpty {
      try tx.execute(DeadLetters.assign(assigned, of: run.identity, to: run.id))
    }
    return (taken, hasMore)
  }

  /// Notes which items the replay has rejected: if the job's work rejects them again, they are reported only once.
  private static func remember(_ letters: [DeadLetter], _ run: JobRun) async throws {
    let rejected = try await run.read(DeadLetters.rejected(letters.map(\.digest), of: run.identity, by: run.id)).map {
      try $0.value("digest", as: String.self)
    }
    guard !rejected.isEmpty else { return }
    let digests = Set(rejected)
    run.record.rejectedByReplay = Set(letters.filter { digests.contains($0.digest) }.map { ExactName($0.item) })
  }

  /// Resolves the letters that went well, and ends the requests: in one fenced transaction, before the run's row is
  /// closed.
  func settle(_ run: JobRun) async throws {
    run.log.debug("settling the replay")
    let (outcome, examples) = try await run.transaction { tx in
      try tx.execute(DeadLetters.settle(assigned, done: done, of: run.identity, by: run.id))
      let row = try tx.query(DeadLetters.outcome(digests, of: run.identity, of: run.id)).only()
      var tally = Tally(assigned: assigned.count)
      tally.resolved = try row.value("resolved")
      tally.failedAgain = try row.value("failed_again")
      tally.left = try row.value("left")
      guard tally.left > 0 else { return (tally, [(item: String, digest: String)]()) }
      let left = try tx.query(DeadLetters.left(digests, of: run.identity, by: run.id))
      return (tally, try left.map { (item: try $0.value("item"), digest: try $0.value("digest")) })
    }
    var tally = outcome
    (tally.hasMore, tally.failure) = (run.record.replayed?.hasMore ?? false, run.record.replayed?.failure)
    run.record.replayed = tally
    run.log.info("replayed dead letters", tally.json)
    guard tally.left > 0 else { return }
    run.log.warning(
      "this run could not replay some dead letters; they remain requested",
      [
        "letters": .integer(Int64(tally.left)),
        "some": .array(
          examples.map { .string($0.item + (reasons[$0.digest].map { reason in ": \(reason)" } ?? "")) }),
        "hint": "oneshot dead-letters show has their causes; discard them if no run can do them.",
      ])
  }
}
