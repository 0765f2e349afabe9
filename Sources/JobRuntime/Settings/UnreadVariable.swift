/// A variable that begins as this binary's settings do, and that nobody reads: a misspelt name, most often.
struct UnreadVariable: Sendable, Equatable, CustomStringConvertible {
  var name: String
  /// The setting whose name is nearly the same.
  var nearest: String?

  var description: String {
    "\(name) is set, but this job has no such setting" + (nearest.map { "; did you mean \($0)?" } ?? "")
  }
}

extension Environment {
  /// Those variables, once all settings were read; sorted by name.
  ///
  /// A prefix is what stands before the first «_» of a setting that was read, so that what others find in the same
  /// environment (settings of other jobs, of the platform) is none of this binary's business.
  var unread: [UnreadVariable] {
    let names = Set(declarations.map(\.name) + declarations.filter(\.isSecret).map { $0.name + "_FILE" })
    let prefixes = Set(declarations.map { Self.prefix(of: $0.name) }).subtracting(Self.others)
    return variables.keys.filter { !names.contains($0) && prefixes.contains(Self.prefix(of: $0)) }.sorted().map {
      UnreadVariable(name: $0, nearest: nearestName(to: $0, among: names))
    }
  }

  /// What the servers' settings begin with, and AWS Batch's, is used by many.
  private static let others: Set = ["DATABASE", "REDIS", "AWS"]

  private static func prefix(of name: String) -> String { String(name.prefix { $0 != "_" }) }
}
