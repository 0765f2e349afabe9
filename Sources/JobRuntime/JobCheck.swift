import Postgres
import Redis

extension JobRunner {
  /// `--check`: checks everything that a run will need, writes nothing, and reports all problems at once.
  func check() async -> RunResult {
    var found = Findings()
    if !unread.isEmpty { found.facts.append(("unread_variables", .array(unread.map { .string($0.description) }))) }
    for (name, version) in (job as? any Checkable)?.libraries ?? [:] {
      found.facts.append(("\(name)_version", .string(version)))
    }
    do { try await checkPostgres(&found) } catch { found.complaints.append(JobFailure(classifying: error)) }
    do { try await checkRedis(&found) } catch { found.complaints.append(JobFailure(classifying: error)) }
    await database.close()
    await redis.close()
    for line in found.advice { log.warning("advice: \(line)") }
    if !found.advice.isEmpty { found.facts.append(("advice", .array(found.advice.map { .string($0) }))) }
    record.counted.details = JSON(members: found.facts)
    record.rejected.add(
      found.complaints.map {
        RunResult.ItemError(item: "check", kind: $0.kind.rawValue, message: $0.description)
      })
    if surroundings.stop.signal != nil { return result(.interrupted) }
    guard let first = found.complaints.first else { return result(.succeeded) }
    let all = found.complaints.map(\.message).joined(separator: "; ")
    return result(.failed, JobFailure(first.kind, all, hint: first.hint))
  }

  private func checkPostgres(_ found: inout Findings) async throws {
    // A server that is out of reach is reported at once.
    try await database.withSession { _ in }
    let (functions, (tables, parts)) = (jobNeeds.functions, await tablesNeeded())
    let missing = try await self.missing(tables)
    let wanted = (job as? any Checkable)?.advice(for: jobRun(leadership: nil))
    let (server, disagreement, applied, denied, hidden, readOnly, wishes) = try await database.transaction(
      readOnly: true
    ) { session in
      let disagreement = try compareClock(session)
      let applied = missing.isEmpty ? try AppliedMigrations(session) : AppliedMigrations()
      let denied = try session.query(Schema.denied(functions)).map {
        try Missing($0).failure([], isMigrated: true)
      }
      let hidden = try session.query(Schema.hidden(Schema.runtimeTables + tables)).map { row in
        JobFailure(.denied, try row.value("complaint"), hint: PostgresError.rowSecurityHint)
      }
      let reads = try session.query(Schema.isReadOnly).only()
      let readOnly: JobFailure? =
        try reads.value("is_standby")
        ? Schema.standbyFailure
        : reads.value("is_read_only") ? Schema.readOnlyFailure : nil
      // It may read the tables themselves, all of their rows.
      let advice =
        try missing.isEmpty && hidden.isEmpty
        ? wanted.map { try session.query($0).map { try $0.value("advice", as: String.self) } } : nil
      return (session.serverVersion, disagreement, applied, denied, hidden, readOnly, advice ?? [])
    }
    if let disagreement { found.complaints.append(disagreement) }
    if let readOnly { found.complaints.append(readOnly) }
    found.facts.append(("postgres_version", .integer(Int64(server))))
    if server < Schema.oldestServer { found.complaints.append(Schema.failure(serverVersion: server)) }
    if missing.isEmpty {
      found.facts.append(("migrations", applied.json))
      if let failure = applied.failure(needing: neededMigrations) { found.complaints.append(failure) }
    }
    found.complaints += missing + denied + hidden
    let zones = try await zoneFailures()
    found.complaints += zones
    var remarks: [String] = []
    // The job's check may need temporary tables, which a read-only server does not make, and days, which need valid
    // time zones.
    if readOnly == nil, zones.isEmpty, let job = job as? any Checkable {
      for (name, version) in try await job.programVersions(jobRun(leadership: nil)).sorted(by: { $0.key < $1.key }) {
        found.facts.append(("\(name)_version", .string(version)))
      }
      found.complaints += try await job.check(jobRun(leadership: nil))
      remarks = try await job.remarks(jobRun(leadership: nil))
    }
    if readOnly == nil, job.writes {
      do { _ = try await database.read(Timeline.question) } catch let error as PostgresError
        where Timeline.mayBeUnavailable(error)
      {
        remarks.append(Timeline.remark)
      }
    }
    let unproven = servers.database.unprovenMode.map { [Self.advice(on: $0)] } ?? []
    if let parts { found.facts += parts.members }
    found.advice += unproven + wishes + (parts?.remarks ?? []) + remarks
  }

  private func checkRedis(_ found: inout Findings) async throws {
    let commands = LeaderLock.trials(key: identity.lockKey) + jobNeeds.redisTrials
    let (clock, answers) = try await redis.withSession { session in
      var clock = self.clock
      let answers = try session.pipeline([RedisCommand("INFO", "server"), RedisCommand("INFO", "memory")] + commands)
      clock.answeredAt = surroundings.now()
      return (clock, answers)
    }
    // An ACL may not allow this user to read the version.
    let facts = answers.first?.text?.split(whereSeparator: \.isNewline) ?? []
    if facts.contains("redis_mode:sentinel") { throw RedisError.isSentinel(servers.redis) }
    if let version = facts.first(where: { $0.hasPrefix(Self.version) }) {
      found.facts.append(("redis_version", .string(String(version.dropFirst(Self.version.count)))))
    }
    if let eviction = Eviction(info: answers[1].text ?? "") {
      found.advice.append(eviction.advice(lock: identity.lockKey, hasData: J.facts.keepsDataInRedis))
    }
    for (command, answer) in zip(commands, answers.dropFirst(2)) {
      if let moment = Timestamp(redisTime: answer), let failure = clock.failure("Redis", says: moment) {
        found.complaints.append(failure)
      }
      guard case .error(let code, let message) = answer, LeaderLock.isRefusal(code, message) else { continue }
      // A server that does not know it is no cluster.
      if command.name == "CLUSTER", code == "ERR" { continue }
      found.add(JobFailure(classifying: RedisError.server(code: code, message: message)), "\(command.name) is refused")
    }
    for primary in try await primariesOfCluster() {
      let connection = RedisConnection(primary, clientName: identity.job)
      do { try await connection.withSession { _ in } } catch {
        found.add(JobFailure(classifying: error), "the primary \(primary.target) of the cluster")
      }
      await connection.close()
    }
  }

  /// The servers that a run contacts in the middle of its work, at addresses that the cluster reports.
  private func primariesOfCluster() async throws -> [RedisAddress] {
    do {
      let topology = try await redis.topology()
      return topology.isCluster ? topology.primaries : []
    } catch let error as RedisError where error.isDenied {
      // Not every job looks them up. One that does has the command among its trials.
      return []
    }
  }

  private static func advice(on mode: String) -> String {
    "DATABASE_URL has sslmode=\(mode): anybody on the network path to Postgres can read or change what is sent, its password "
      + "included. Write sslmode=verify-full, with sslrootcert"
  }

  private static var version: String { "redis_version:" }
}

/// What `--check` has found out so far.
private struct Findings {
  var complaints: [JobFailure] = []
  var facts: [(String, JSON)] = []
  /// What may go wrong later.
  var advice: [String] = []

  /// - Parameter subject: what failed.
  mutating func add(_ failure: JobFailure, _ subject: String) {
    complaints.append(JobFailure(failure.kind, "\(subject): \(failure.message)", hint: failure.hint))
  }
}
