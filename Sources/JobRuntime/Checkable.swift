public import Postgres

/// A job that has more for `--check` to examine than its facts.
///
/// Each of the six requirements has a default.
public protocol Checkable: Job {
  /// What a run needs with these settings; by default what the facts say.
  var needs: JobNeeds { get }

  /// A statement whose rows name, in the column `advice`, what would help the job and is not required: an index, for
  /// example.
  ///
  /// - Parameter run: the run that would start now: its time, its installation, its servers.
  func advice(for run: JobRun) -> Statement?

  /// Libraries that only this job uses with these settings, and the version of each.
  var libraries: [String: String] { get }

  /// Programs that only this job runs with these settings, and the version of each.
  func programVersions(_ run: JobRun) async throws -> [String: String]

  /// Checks what only the job can check: the user's files, for example. Writes nothing.
  ///
  /// - Returns: what is wrong.
  func check(_ run: JobRun) async throws -> [JobFailure]

  /// Finds what may mean something else than intended, in the user's files, for example. Writes nothing.
  ///
  /// - Returns: remarks; they are logged beside the advice.
  func remarks(_ run: JobRun) async throws -> [String]
}

extension Checkable {
  /// What the facts say, whatever the settings.
  public var needs: JobNeeds { Self.facts.needs }
  /// None.
  public var libraries: [String: String] { [:] }
  /// None.
  public func advice(for run: JobRun) -> Statement? { nil }
  /// None.
  public func programVersions(_ run: JobRun) async throws -> [String: String] { [:] }
  /// Finds nothing wrong.
  public func check(_ run: JobRun) async throws -> [JobFailure] { [] }
  /// Has no remarks.
  public func remarks(_ run: JobRun) async throws -> [String] { [] }
}
