package import JobRuntime

/// The name of the work that these settings select, by which runs of a job are told apart.
///
/// - Throws: where the job does not take them.
package func variant<J: Job>(of job: J.Type, _ variables: [String: String]) throws -> String {
  var env = Environment(variables)
  _ = J.Settings(from: &env)
  guard env.problems.isEmpty else { throw TestFailure("\(env.problems)") }
  return env.variant
}
