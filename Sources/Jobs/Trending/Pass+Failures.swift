import JobRuntime
import Postgres

extension Pass {
  /// The name of a failure that no source has by itself.
  static let allSources = "all sources"

  /// Which sources are to blame for a failure; without one, all of them together.
  func failures(behind failure: SQLFile.Failure, _ session: borrowing Session) throws -> [SourceFailure] {
    var failures: [SourceFailure] = []
    for source in sources {
      do {
        try session.attempt(
          source.events(types, isNamed: false, isCounted: true), binding: valuesAndKinds(of: source), limit: timeLeft,
          leavesTraces: false)
      } catch let failure as SQLFile.Failure {
        failures.append(SourceFailure(source: source.name, message: failure.description))
      }
    }
    failures += try unknownKinds(session)
    return failures.isEmpty ? [SourceFailure(source: Self.allSources, message: failure.description)] : failures
  }

  /// Why the server cannot plan what a run reads: by source, or else for all of them together.
  ///
  /// It finds ids that cannot be converted to the type of the posts' or the users', and reads no row.
  func planFailures(_ session: borrowing Session) throws -> [SourceFailure] {
    func failure(
      _ source: String, _ file: SQLFile, _ values: [String: any PostgresEncodable]
    ) throws -> SourceFailure? {
      do { _ = try session.describe(file, binding: values) } catch let failure as SQLFile.Failure {
        return SourceFailure(source: source, message: failure.description)
      }
      return nil
    }
    let failures = try sources.compactMap {
      try failure($0.name, $0.events(types, isNamed: isNamed($0)), valuesAndKinds(of: $0))
    }
    guard failures.isEmpty else { return failures }
    return [
      try failure(Self.allSources, bounds(), boundValues(reach: 1)),
      try failure(Self.allSources, scores(), scoreValues(for: [])),
    ].compactMap { $0 }
  }

  /// The sources with an event that no weight is known for.
  ///
  /// A source that cannot be read is reported elsewhere.
  func unknownKinds(_ session: borrowing Session) throws -> [SourceFailure] {
    var failures: [SourceFailure] = []
    for source in sources {
      let found: Rows
      do {
        found = try session.attempt(
          source.unknownKind, binding: valuesAndKinds(of: source), limit: timeLeft, leavesTraces: false)
      } catch is SQLFile.Failure { continue }
      guard let row = found.first else { continue }
      let kind: String = try row.value("kind")
      failures.append(
        SourceFailure(
          source: source.name,
          message:
            "\(source.file.place): an event is of the kind «\(kind.prefix(60))», which TRENDING_WEIGHTS does not name"
        ))
    }
    return failures
  }
}
