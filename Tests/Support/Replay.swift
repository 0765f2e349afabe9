/// Dead letters: asked for as an operator does, and as the ledger has them then.
extension Place {
  /// Has `oneshot dead-letters replay` ask for them.
  ///
  /// - Parameter arguments: which, by the command's options or as job and item.
  package func askForReplay(_ arguments: String...) async throws {
    let asked = try await Binary("oneshot").run(["dead-letters", "replay"] + arguments, environment)
    guard asked.exitCode == 0, asked.output.hasPrefix("requested ") else {
      throw TestFailure("nothing was requested: \(asked.output)\(asked.errors)")
    }
  }

  /// `item state attempts`, with `asked` where somebody asks, in the order of the items' bytes.
  ///
  /// - Parameter condition: SQL that chooses among them.
  package func letters(where condition: String = "true") async throws -> [String] {
    try await rows(
      """
      select item || ' ' || state || ' ' || attempts || case when replay_asked_at is null then '' else ' asked' end as a
      from oneshot.dead_letters where \(condition) order by item collate "C"
      """
    ).map { $0[0] }
  }
}

extension Binary.Outcome {
  /// What became of the letters that it was given: how many it was handed, resolved, failed again, left.
  package var replayed: [Int?] {
    ["handed", "resolved", "failed_again", "left"].map { result["details", "replayed", $0].int }
  }
}
