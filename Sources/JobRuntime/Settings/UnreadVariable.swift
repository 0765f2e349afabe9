/// A variable with the prefix of this binary's settings that nothing reads: most often a misspelt name.
struct UnreadVariable: Sendable, Equatable, CustomStringConvertible {
  var name: String
  /// The setting whose name is nearly the same.
  var nearest: String?

  var description: String {
    "\(name) is set, but this job has no such setting" + (nearest.map { "; did you mean \($0)?" } ?? "")
  }
}

extension Environment {
  /// These variables, once all settings have been read; sorted by name.
  ///
  /// A prefix is the text before the first «_» of a setting that was read, so that other variables in the same
  /// environment (settings of other jobs, of the platform) are left alone.
  var unread: [UnreadVariable] {
    let names = Set(declarations.map(\.name) + declarations.filter(\.isSecret).map { $0.name + "_FILE" })
    let prefixes = Set(declarations.map { Self.prefix(of: $0.name) }).subtracting(Self.others)
    return variables.keys.filter { !names.contains($0) && prefixes.contains(Self.prefix(of: $0)) }.sorted().map {
      UnreadVariable(name: $0, nearest: nearestName(to: $0, among: names))
    }
  }

  /// Many other programs use the prefixes of the servers' settings, of AWS Batch's and of Lambda's.
  private static let others: Set = ["DATABASE", "REDIS", "AWS", "LAMBDA"]

  private static func prefix(of name: String) -> String { String(name.prefix { $0 != "_" }) }
}
