/// The identity of a run.
///
/// Two runs for one slot are duplicates if they are equal in all of this.
///
/// Built once, when the settings are read; lock, fence, ledger, totals, dead letters and metrics are keyed by it.
package struct RunIdentity: Sendable, Hashable {
  /// The installation (`JOB_INSTANCE`); empty where there is only one.
  package var instance: String
  package var job: String
  /// The Redis that the job's data are in, without secrets (`cache:6379/0`); empty for a job whose data are in Postgres.
  package var server: String
  /// Which work the run does, by the settings that select it; empty where these have their defaults.
  package var variant: String
  /// The same without one-off selections (days, ids, a range): the name under which totals and metrics are kept.
  package var series: String
  package var shard: Shard

  package init(
    instance: String = "", job: String, server: String = "", variant: String = "", series: String? = nil,
    shard: Shard = Shard(index: 0, count: 1)
  ) {
    (self.instance, self.job, self.server, self.variant, self.shard) = (instance, job, server, variant, shard)
    self.series = series ?? variant
  }

  /// The job's name, after the installation's where there is one: `reindex`, `staging/reindex`.
  package var qualifiedJob: String { Self.qualified(job, instance) }

  package static func qualified(_ job: String, _ instance: String) -> String {
    instance.isEmpty ? job : "\(instance)/\(job)"
  }

  /// The name of the lock: `[INSTANCE/]JOB[/SHARD]`.
  ///
  /// Variants share it: they may touch the same rows.
  package var lockName: String { qualifiedJob + (shard.isWhole ? "" : "/\(shard.index)") }

  /// The prefix of a lock's name in Redis.
  package static let lockPrefix = "oneshot:lock:"
  package var lockKey: String { Self.lockPrefix + lockName }
}

/// `JOB_INSTANCE`: a name in keys, in rows and in `HEALTH_EXPECT`, so it has a small alphabet.
package enum InstanceName {
  package static let setting = "JOB_INSTANCE"
  package static let form = "a-z, 0-9 and -, a letter first, 40 at most"

  /// - Returns: whether a text is a valid name. It begins with a letter, because a number after a slash is a shard.
  package static func isValid(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 40 else { return false }
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    return isLetter(first)
      && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
  }

  /// Reads it, for jobs and for the operator's command.
  ///
  /// - Returns: `nil` where it is not set.
  package static func read(from env: inout Environment, help: String) -> String? {
    env.custom(setting, form: form, default: nil, help: help) { text in
      isValid(text) ? .success(text) : .failure("is «\(text)», not of \(form)")
    }
  }
}
