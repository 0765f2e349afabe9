/// A part of a job's work that reads tables of the application: a board, an entity, a source.
public struct WorkPart: Sendable {
  /// The part's name as settings and results have it.
  public let name: String
  /// The application's tables that it reads; of a user's own file only the server knows them.
  public let tables: [TableNeed]
  /// Whether it is off where a table of it does not exist: true for a part that is built in and that no setting names.
  public let isOptional: Bool

  /// - Parameter isOptional: whether it is off where a table of it does not exist.
  public init(_ name: String, tables: [TableNeed] = [], isOptional: Bool) {
    (self.name, self.tables, self.isOptional) = (name, tables, isOptional)
  }
}

/// A job whose work has parts, of which some are on only where the application has their tables.
///
/// One place lists what is on, and what is off with the tables that it lacks: `details.on` and `details.off` of each
/// run, in its result and in the ledger.
public protocol HasParts: Job {
  /// The parts that a run with these settings has, those included that may be off.
  var parts: [WorkPart] { get }

  /// Finds out which of these parts have left something that is still read. Such a part is on, whatever became of its
  /// tables: that they are gone is a failure then.
  func partsWithResults(_ names: [String], _ run: JobRun) async throws -> Set<String>
}

extension HasParts {
  /// None: no part has left anything that is still read.
  public func partsWithResults(_ names: [String], _ run: JobRun) async throws -> Set<String> { [] }

  /// Finds out which parts are on, notes that for the result, and logs what was not so in the run before.
  public func partsInUse(_ run: JobRun) async throws -> PartsInUse {
    let found = try await findParts(run)
    run.record.parts = found
    for part in found.off where !part.isKnown {
      run.log.info(
        "a part of the job is off, because tables that it reads do not exist",
        ["part": .string(part.name), "tables": .array(part.tables.map { .string($0) })])
    }
    for name in found.back { run.log.info("a part of the job is on: its tables exist now", ["part": .string(name)]) }
    return found
  }

  /// The same, noted and logged nowhere.
  public func findParts(_ run: JobRun) async throws -> PartsInUse {
    let parts = parts
    let found = try await run.read(PartsInUse.question(parts, run)).map { try PartsInUse.Finding($0) }
    let optional = Set(parts.filter(\.isOptional).map(\.name))
    let candidates = found.filter { !$0.missing.isEmpty && !$0.wasOn && optional.contains($0.name) }
    let results =
      candidates.isEmpty ? [] : try await partsWithResults(candidates.map(\.name), run)
    let off = candidates.filter { !results.contains($0.name) }
    let offNames = Set(off.map(\.name))
    return PartsInUse(
      on: parts.map(\.name).filter { !offNames.contains($0) },
      off: off.map { .init(name: $0.name, tables: $0.missing, isKnown: $0.wasOff) },
      back: found.filter { $0.wasOff && !offNames.contains($0.name) }.map(\.name))
  }
}
