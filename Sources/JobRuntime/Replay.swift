import Postgres

/// What a run was asked to do again: given to the job before its work, settled after it.
///
/// Until then the letters stay asked, so a run that is killed or fails leaves them to the next one.
struct Replay: Sendable {
  /// A run takes this many at most, or so many bytes of them; what is left is the next run's.
  static let most = 10_000
  private static let mostBytes = 16 * 1024 * 1024
  private static let page = 200
  /// A run looks at so many pages of what is asked, its own or not.
  private static let mostPages = 100

  private let letters: [DeadLetter]
  /// The digests of those that the job says it has dealt with.
  private let done: Set<String>

  /// What the result tells of it.
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
  static func begin(_ job: some Job, _ run: JobRun) async throws -> Replay? {
    let (letters, hasMore) = try await run.transaction { session in try take(job, run, session) }
    guard !letters.isEmpty else {
      if hasMore {
        run.log.info("more dead letters are asked for than one run looks at, these by other runs; the next one goes on")
      }
      return nil
    }
    run.record.replayed = Told(given: letters.count, left: letters.count, hasMore: hasMore)
    guard !run.isDryRun else { return nil }
    run.log.info("doing dead letters again", ["letters": .integer(Int64(letters.count))])
    if hasMore { run.log.info("more dead letters are asked for than one run takes; the next one goes on") }
    var done: Set<String> = []
    do {
      done = Set(try await job.replay(letters, run).map(\.digest))
    } catch {
      let failure = JobFailure(classifying: error)
      // What is wrong with one letter must not keep the job from its work; what is wrong with the run does.
      guard failure.kind == .internal, !Task.isCancelled else { throw error }
      run.log.error("the replay failed; its dead letters stay asked", ["error": .string(failure.message)])
      run.record.replayed?.failure = failure.message
    }
    run.log.debug("did dead letters again")
    try await remember(letters, run)
    return Replay(letters: letters, done: done)
  }

  /// Notes the run in what it takes; and, where it has looked at as much as it may, in what it leaves to others too, so that
  /// the next run begins with what this one has not looked at.
  private static func take(
    _ job: some Job, _ run: JobRun, _ session: borrowing Session
  ) throws -> (letters: [DeadLetter], hasMore: Bool) {
    var (taken, bytes, place, hasMore) = ([DeadLetter](), 0, DeadLetter.Position(), false)
    var (pages, left) = (0, [DeadLetters.Given]())
    reading: while true {
      let letters = try session.query(DeadLetters.asked(run.identity, after: place, limit: page)).map(DeadLetter.init)
      pages += 1
      for letter in letters {
        guard job.takes(letter, as: run.shard) else {
          left.append((letter.digest, letter.askedAt))
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
    let given = taken.map { ($0.digest, $0.askedAt) } + (hasMore && pages == mostPages ? left : [])
    if run.leadership != nil, !given.isEmpty {
      try session.execute(DeadLetters.give(given, of: run.identity, to: run.id))
    }
    return (taken, hasMore)
  }

  /// Notes which the replay has rejected: should the job's work find them once more, they are told only once.
  private static func remember(_ letters: [DeadLetter], _ run: JobRun) async throws {
    let rejected = try await run.session { session in
      try session.query(DeadLetters.rejected(letters, of: run.identity, by: run.id)).map {
        try $0.value("digest", as: String.self)
      }
    }
    guard !rejected.isEmpty else { return }
    let digests = Set(rejected)
    run.record.toldByReplay = Set(letters.filter { digests.contains($0.digest) }.map { Array($0.item.utf8) })
  }

  /// Resolves what went well, and ends the asking: in one fenced transaction, before the run's row is closed.
  func settle(_ run: JobRun) async throws {
    run.log.debug("settling the replay")
    let (outcome, examples) = try await run.transaction { session in
      try session.execute(DeadLetters.settle(letters, done: done, of: run.identity, by: run.id))
      let row = try session.query(DeadLetters.outcome(letters, of: run.identity, of: run.id)).only()
      var told = Told(given: letters.count)
      told.resolved = try row.value("resolved")
      told.failedAgain = try row.value("failed_again")
      told.left = try row.value("left")
      guard told.left > 0 else { return (told, [String]()) }
      let left = try session.query(DeadLetters.left(letters, of: run.identity, by: run.id))
      return (told, try left.map { try $0.value("item") })
    }
    var told = outcome
    (told.hasMore, told.failure) = (run.record.replayed?.hasMore ?? false, run.record.replayed?.failure)
    run.record.replayed = told
    run.log.info("did dead letters again", told.json)
    guard told.left > 0 else { return }
    run.log.warning(
      "dead letters are asked for that this run could not do again; they stay asked",
      [
        "letters": .integer(Int64(told.left)), "some": .array(examples.map { .string($0) }),
        "hint": "oneshot dead-letters show tells why; discard them if no run can.",
      ])
  }
}
