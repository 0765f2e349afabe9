import Postgres

/// The dead letters that a run was asked to do again: given to the job before its work, settled after it.
///
/// Until then the letters stay asked, so a run that is killed or fails leaves them to the next one.
struct Replay: Sendable {
  /// A run takes this many at most, or so many bytes of them; what is left is the next run's.
  static let most = 10_000
  private static let mostBytes = 8 * 1024 * 1024
  private static let page = 50
  /// A run looks at so many pages of what is asked, its own or not.
  private static let mostPages = 400

  private let given: [DeadLetters.Given]
  /// The digests of those that the job says it has dealt with.
  private let done: Set<String>
  /// Why others were not, by digest.
  private let reasons: [String: String]

  private var digests: [String] { given.map(\.digest) }

  /// What the result says of it.
  struct Told: Sendable {
    var given = 0
    var resolved = 0
    var failedAgain = 0
    /// Given, and not dealt with: asked still.
    var left = 0
    /// Whether there are more than a run takes, or may be.
    var hasMore = false
    /// Why the job could not do it.
    var failure: String?

    var json: JSON {
      var members: [(String, JSON)] = [
        ("handed", .integer(Int64(given))), ("resolved", .integer(Int64(resolved))),
        ("failed_again", .integer(Int64(failedAgain))), ("left", .integer(Int64(left))),
      ]
      if hasMore { members.append(("has_more", true)) }
      if let failure { members.append(("failure", .string(failure))) }
      return JSON(members: members)
    }
  }

  /// Takes what is asked, and lets the job do it. A run that writes nothing only counts.
  ///
  /// - Returns: what is to be settled once the job's work is done; `nil` when there is nothing.
  static func begin(_ job: some Replayable, _ run: JobRun) async throws -> Replay? {
    let (letters, hasMore) = try await run.transaction { tx in try take(job, run, tx) }
    guard !letters.isEmpty else {
      if hasMore {
        run.log.info("more replays are requested than one run looks at, these of other runs; the next run continues")
      }
      return nil
    }
    run.record.replayed = Told(given: letters.count, left: letters.count, hasMore: hasMore)
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
      // What is wrong with one letter must not keep the job from its work; what is wrong with the run does.
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
    given = letters.map(DeadLetters.given)
    (self.done, self.reasons) = (done, reasons)
  }

  /// Notes the run in what it takes; and, where it has looked at as much as it may, in what it leaves to others too, so that
  /// the next run begins with what this one has not looked at.
  private static func take(
    _ job: some Replayable, _ run: JobRun, _ tx: borrowing Transaction
  ) throws -> (letters: [DeadLetter], hasMore: Bool) {
    var (taken, bytes, place, hasMore) = ([DeadLetter](), 0, DeadLetters.Position(), false)
    var (pages, left) = (0, [DeadLetters.Given]())
    reading: while true {
      let letters = try tx.query(DeadLetters.asked(run.identity, after: place, limit: page)).map {
        try DeadLetter(row: $0)
      }
      pages += 1
      for letter in letters {
        guard job.takes(letter, as: run.shard) else {
          left.append(DeadLetters.given(letter))
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
    let given = taken.map(DeadLetters.given) + (hasMore && pages == mostPages ? left : [])
    if run.leadership != nil, !given.isEmpty {
      try tx.execute(DeadLetters.give(given, of: run.identity, to: run.id))
    }
    return (taken, hasMore)
  }

  /// Notes which the replay has rejected: should the job's work find them once more, they are reported only once.
  private static func remember(_ letters: [DeadLetter], _ run: JobRun) async throws {
    let rejected = try await run.read(DeadLetters.rejected(letters.map(\.digest), of: run.identity, by: run.id)).map {
      try $0.value("digest", as: String.self)
    }
    guard !rejected.isEmpty else { return }
    let digests = Set(rejected)
    run.record.toldByReplay = Set(letters.filter { digests.contains($0.digest) }.map { ExactName($0.item) })
  }

  /// Resolves what went well, and ends the asking: in one fenced transaction, before the run's row is closed.
  func settle(_ run: JobRun) async throws {
    run.log.debug("settling the replay")
    let (outcome, examples) = try await run.transaction { tx in
      try tx.execute(DeadLetters.settle(given, done: done, of: run.identity, by: run.id))
      let row = try tx.query(DeadLetters.outcome(digests, of: run.identity, of: run.id)).only()
      var told = Told(given: given.count)
      told.resolved = try row.value("resolved")
      told.failedAgain = try row.value("failed_again")
      told.left = try row.value("left")
      guard told.left > 0 else { return (told, [(item: String, digest: String)]()) }
      let left = try tx.query(DeadLetters.left(digests, of: run.identity, by: run.id))
      return (told, try left.map { (item: try $0.value("item"), digest: try $0.value("digest")) })
    }
    var told = outcome
    (told.hasMore, told.failure) = (run.record.replayed?.hasMore ?? false, run.record.replayed?.failure)
    run.record.replayed = told
    run.log.info("replayed dead letters", told.json)
    guard told.left > 0 else { return }
    run.log.warning(
      "this run could not replay some dead letters; they remain requested",
      [
        "letters": .integer(Int64(told.left)),
        "some": .array(
          examples.map { .string($0.item + (reasons[$0.digest].map { reason in ": \(reason)" } ?? "")) }),
        "hint": "oneshot dead-letters show has their causes; discard them if no run can do them.",
      ])
  }
}
