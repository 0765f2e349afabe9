import JobRuntime
package import Postgres

/// A part of a job with separate runs: a job, or one installation, variant, shard or Redis of it.
package struct JobPart: Sendable, Hashable, CustomStringConvertible {
  /// See `RunIdentity`; empty where there is only one.
  package var instance: String
  package var job: String
  package var server: String
  package var variant: String
  package var shard: Int

  package init(instance: String = "", job: String, server: String = "", variant: String = "", shard: Int = 0) {
    (self.instance, self.job, self.server, self.variant, self.shard) = (instance, job, server, variant, shard)
  }

  /// - Parameter row: its five columns, as most tables of `oneshot` have them.
  package init(row: Row) throws(PostgresError) {
    self.init(
      instance: try row.value("instance"), job: try row.value("job"), server: try row.value("server"),
      variant: try row.value("variant"), shard: try row.value("shard"))
  }

  /// The part as `staging/reindex:pending/2`; the shard only where it is not the first.
  ///
  /// The server is never in it: see `PartNames`.
  package var description: String {
    name + (variant.isEmpty ? "" : ":\(variant)") + (shard == 0 ? "" : "/\(shard)")
  }

  private var name: String { RunIdentity.qualified(job, instance) }

  /// All parts that share a lock, and so never run at once, under the name of no variant.
  package var ofLock: JobPart { JobPart(instance: instance, job: job, server: server, shard: shard) }

  /// The same part of whatever Redis.
  var ofAnyServer: JobPart { JobPart(instance: instance, job: job, variant: variant, shard: shard) }
}

extension JobPart {
  /// Another client of the lock may use any text: names are compared by their bytes.
  private var names: [ExactName] { [instance, job, server, variant].map(ExactName.init) }

  package static func == (left: JobPart, right: JobPart) -> Bool {
    left.shard == right.shard && left.names == right.names
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(names)
    hasher.combine(shard)
  }
}

extension JobPart: Comparable {
  package static func < (left: JobPart, right: JobPart) -> Bool {
    (left.name, left.variant, left.shard, left.server) < (right.name, right.variant, right.shard, right.server)
  }
}

extension JobPart {
  /// The part whose runs take a lock of this name, as far as the name shows it: `top-stats`,
  /// `staging/usage-aggregation/2`.
  package init(lockName name: String) {
    var words = name.split(separator: "/", omittingEmptySubsequences: false)[...]
    var shard = 0
    if words.count > 1, let last = words.last, let index = Int(last), (0..<10_000).contains(index) {
      shard = index
      words.removeLast()
    }
    if words.count == 2, let first = words.first, InstanceName.isValid(first) {
      self.init(instance: String(first), job: String(words[words.startIndex + 1]), shard: shard)
    } else {
      self.init(job: words.joined(separator: "/"), shard: shard)
    }
  }
}

/// The names of parts in a list: with the Redis of their data where another part differs in nothing else.
package struct PartNames: Sendable {
  private let ambiguous: Set<JobPart>

  package init(_ parts: some Sequence<JobPart>) {
    var servers: [JobPart: ExactName] = [:]
    var ambiguous: Set<JobPart> = []
    for part in parts {
      if let other = servers[part.ofAnyServer], other != ExactName(part.server) { ambiguous.insert(part.ofAnyServer) }
      servers[part.ofAnyServer] = ExactName(part.server)
    }
    self.ambiguous = ambiguous
  }

  /// `usage-aggregation @cache:6379/0`.
  package subscript(part: JobPart) -> String {
    part.description + (ambiguous.contains(part.ofAnyServer) && !part.server.isEmpty ? " @\(part.server)" : "")
  }
}
