import JobRuntime

/// Whose runs are judged, where several installations share one database.
///
/// One that has a name (`JOB_INSTANCE`) looks at its own, and at those that `HEALTH_EXPECT` names. Without a name it
/// looks at all; but the doctor skips those that have their own doctor, so that no trouble is reported twice.
package struct HealthScope: Sendable {
  private let names: Set<String>
  private let own: String
  private let elsewhere: Set<String>

  init(_ settings: HealthSettings, _ facts: HealthFacts, isDoctor: Bool) {
    names = settings.instances
    own = settings.instance
    let doctors = facts.runs.filter { $0.part.job == JobPart.doctor && !$0.part.instance.isEmpty }
    elsewhere = isDoctor ? Set(doctors.map(\.part.instance)).subtracting(names) : []
  }

  package func contains(_ instance: String) -> Bool {
    own.isEmpty ? !elsewhere.contains(instance) : names.contains(instance)
  }

  /// The names in the scope, or, where `isExcluding`, those outside of it; for statements.
  package var list: (instances: [String], isExcluding: Bool) {
    own.isEmpty ? (elsewhere.sorted(), true) : (names.sorted(), false)
  }
}
