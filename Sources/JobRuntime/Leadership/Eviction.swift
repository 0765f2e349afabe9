/// A Redis that evicts keys when it is full, and the policy by which it does.
struct Eviction {
  private let policy: String
  private let limit: String

  /// - Parameter info: what `INFO memory` answers.
  /// - Returns: `nil` for a server that evicts nothing, or has no memory limit, or does not report it.
  init?(info: String) {
    func fact(_ name: String) -> String? {
      let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
      return line.map { String($0.dropFirst(name.count + 1)) }
    }
    guard let policy = fact("maxmemory_policy"), policy != "noeviction", fact("maxmemory") != "0" else { return nil }
    (self.policy, limit) = (policy, fact("maxmemory_human") ?? "unknown")
  }

  /// - Parameters:
  ///   - lock: the job's lock, which has a time to live, so that every policy may take it.
  ///   - hasData: whether the job's data are in this Redis.
  func advice(lock: String, hasData: Bool) -> String {
    let which = policy.hasPrefix("volatile-") ? "that have a time to live" : "of any kind"
    return """
      Redis evicts keys \(which) when it is full (maxmemory-policy \(policy), maxmemory \(limit)): at risk is the lock \(lock), \
      without which a second run starts and the first ends as fenced (75)\(hasData ? ", and the job's data in it, which are then gone without a trace" : ""). \
      Set maxmemory-policy to noeviction, or give the jobs a separate Redis.
      """
  }
}
