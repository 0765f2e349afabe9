/// A migration that a job needs: its line, and its number, counted from 1.
///
/// Each line (`core`, `usage`, `search`, …) has its own numbers; a newer migration never removes what an older one made
/// (docs/decisions/0005-migrations-only-add.md).
public struct MigrationNeed: Sendable, Hashable {
  /// The line's name, which is its folder: `core`.
  public var line: String
  /// The number within the line, from 1.
  public var number: Int

  /// - Parameter number: the newest migration of the line that is needed; it implies all before it.
  public init(_ line: String, _ number: Int) {
    self.line = line
    self.number = number
  }
}

extension MigrationNeed {
  /// The migration that the runtime itself needs.
  private static let runtime = MigrationNeed("core", 8)

  /// The migrations that a binary needs: its job's and the runtime's, of each line the highest.
  static func all(of job: [MigrationNeed]) -> [MigrationNeed] {
    var highest: [String: Int] = [:]
    for need in job + [runtime] { highest[need.line] = max(need.number, highest[need.line, default: 0]) }
    return highest.map { MigrationNeed($0.key, $0.value) }.sorted { $0.line < $1.line }
  }
}
