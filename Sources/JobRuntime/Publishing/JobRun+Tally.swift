public import Redis

extension JobRun {
  /// The mark of the last step that a tally has of its writer; empty for none.
  public func mark(of tally: Tally) async throws -> String {
    let key = tally.marks(identity.qualifiedJob)
    return try await redis { session in try session.command(RedisCommand("HGET", key, tally.writer)) }.text ?? ""
  }

  /// Adds a step to a tally, in the step in which the server looks whether a newer run has done so, and whether the step
  /// follows the one before it. In a dry run nothing is done.
  ///
  /// - Parameter beginsAgain: whether what the set holds is of no use where the marks of all writers are gone.
  /// - Returns: the writer's last mark then: the step's, unless that neither was there nor follows.
  /// - Throws: `JobFailure` of kind `fenced` if a newer run has written.
  public func add(_ step: Tally.Step, to tally: Tally, beginsAgain: Bool = false) async throws -> String {
    try await change(
      tally, TallyScripts.adding,
      [step.mark, step.previous, beginsAgain ? "1" : "0"] + zip(step.members, step.deltas).flatMap { [$0, $1] })
  }

  /// Takes back the last step that a tally has of its writer, which Postgres no longer knows of.
  ///
  /// - Returns: the writer's last mark then: the same where that step is too long ago.
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

  /// What `--check` tries for tallies: whether the user has the rights that the scripts need, on a key like theirs.
  public static func tallyTrial(_ key: String) -> RedisCommand {
    RedisCommand("EVAL", TallyScripts.rights("KEYS[1]") + "\nreturn 1", "1", key)
  }
}
