public import Redis

extension JobRun {
  /// The mark of the writer's last step in a tally; empty for none.
  public func mark(of tally: Tally) async throws -> String {
    let key = tally.marks(identity.qualifiedJob)
    return try await redis { session in try session.command(RedisCommand("HGET", key, tally.writer)) }.text ?? ""
  }

  /// Adds a step to a tally.
  ///
  /// In the same operation the server checks whether a newer run has written, and whether the step follows the previous
  /// one. In a dry run nothing is done.
  ///
  /// - Parameter beginsAgain: whether to discard the set's content where the marks of all writers are gone.
  /// - Returns: the writer's last mark after that: the step's mark, unless the step neither was there nor follows.
  /// - Throws: `JobFailure` of kind `fenced` if a newer run has written.
  public func add(_ step: Tally.Step, to tally: Tally, beginsAgain: Bool = false) async throws -> String {
    try await change(
      tally, TallyScripts.adding,
      [step.mark, step.previous, beginsAgain ? "1" : "0"] + zip(step.members, step.deltas).flatMap { [$0, $1] })
  }

  /// Takes back the writer's last step in a tally, which Postgres no longer knows of.
  ///
  /// - Returns: the writer's last mark after that: unchanged where that step is too long ago.
  public func takeBack(_ mark: String, from tally: Tally) async throws -> String {
    try await change(tally, TallyScripts.takingBack, [mark])
  }

  private func change(_ tally: Tally, _ script: Script, _ arguments: [String]) async throws -> String {
    guard let leadership, !isDryRun else { return "" }
    let owner = identity.qualifiedJob
    // Each writer is fenced by itself: shards write the same tally at the same time.
    let token = token(for: tally.key, leadership)
      .moved(to: Replacement.companion(of: tally.key, "fence", "\(owner)/\(tally.writer)"))
    return try await redis { session in
      let answer = try session.run(
        script, keys: [token.key] + tally.keys(owner), arguments: token.credentials + [tally.writer] + arguments)
      try token.judge(answer)
      return answer.elements.first?.text ?? ""
    }
  }

  /// The trial of `--check` for tallies: whether the user has the rights that the scripts need, on a key like theirs.
  public static func tallyTrial(_ key: String) -> RedisCommand {
    RedisCommand("EVAL", TallyScripts.rights("KEYS[1]") + "\nreturn 1", "1", key)
  }
}
