public import Postgres

/// A job of which `--check` can find out more than its facts say. Each of the five has a default.
public protocol Checkable: Job {
  /// What a run needs as it is set; by default what the facts say.
  var needs: JobNeeds { get }

  /// A statement whose rows, in the column `advice`, name what would do the job good and is not needed: an index, for
  /// example.
  ///
  /// - Parameter run: for what a run would be: its time, its installation, its servers.
  func advice(for run: JobRun) -> Statement?

  /// Libraries that only this job uses as it is set, and which version of each runs.
  var libraries: [String: String] { get }

  /// Looks at what only the job can: files of the user's own, for example. Writes nothing.
  ///
  /// - Returns: what is wrong.
  func check(_ run: JobRun) async throws -> [JobFailure]

  /// Looks at what may be meant otherwise than it is written, in files of the user's own, for example. Writes nothing.
  ///
  /// - Returns: what to know of it; it is logged beside the advice.
  func remarks(_ run: JobRun) async throws -> [String]
}

extension Checkable {
  public var needs: JobNeeds { Self.facts.needs }
  public var libraries: [String: String] { [:] }
  public func advice(for run: JobRun) -> Statement? { nil }
  public func check(_ run: JobRun) async throws -> [JobFailure] { [] }
  public func remarks(_ run: JobRun) async throws -> [String] { [] }
}
