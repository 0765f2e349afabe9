/// What `oneshot migrate` would do to a database, as people read it.
package struct Plan: Sendable {
  /// Whether the numbers of the days before lines become lines first.
  var converts = false
  package var steps: [Migration] = []
  /// What makes the schema `oneshot` and its table of migrations, where they are missing.
  var preparation = ""

  package var isEmpty: Bool { !converts && steps.isEmpty }

  /// How many steps there are.
  package var count: Int { steps.count + (converts ? 1 : 0) }

  /// - Parameter schema: where tables without their own schema are made.
  package func summary(schema: String) -> String {
    (converts ? [Conversion.name + "\n" + Conversion.summary] : []).joined()
      + steps.map { "\($0)\n" + Self.summary(of: $0, schema: schema) }.joined()
  }

  private static func summary(of step: Migration, schema: String) -> String {
    let made = step.made
    var lines: [String] = []
    for (place, isHere) in [(schema, { !$0.isInOneshot }), ("oneshot", { $0.isInOneshot })]
      as [(String, (MadeObject) -> Bool)]
    {
      let here = made.filter(isHere)
      let parts = MadeObject.Kind.allCases.compactMap { kind in part(here.filter { $0.kind == kind }) }
      if !parts.isEmpty { lines.append("in \(place): " + parts.joined(separator: "; ")) }
      let added = step.added.filter { $0.table.hasPrefix("oneshot.") == (place == "oneshot") }.flatMap {
        table, columns in
        columns.map { "\(table.split(separator: ".").last ?? "").\($0.name)" }
      }
      if !added.isEmpty {
        lines.append("in \(place): column\(added.count == 1 ? "" : "s") " + added.joined(separator: ", "))
      }
    }
    return (lines + step.remarks).map { "  \($0)\n" }.joined()
  }

  /// What is made of one kind: by name, but of what belongs to tables only how many.
  private static func part(_ objects: [MadeObject]) -> String? {
    guard let kind = objects.first?.kind else { return nil }
    let word = kind.rawValue + (objects.count == 1 ? "" : kind == .index ? "es" : "s")
    switch kind {
    case .index where !objects.contains(where: \.isOnlyIfMissing), .trigger: return "\(objects.count) \(word)"
    default:
      let names = objects.map { $0.plainName + ($0.isOnlyIfMissing ? " (where it is missing)" : "") }
      return "\(word) \(names.joined(separator: ", "))"
    }
  }
}
