import Postgres
import Redis

extension JobRunner {
  /// `--check`: looks at everything a run will need, writes nothing, and says all that is wrong at once.
  func check() async -> RunResult {
    var complaints: [JobFailure] = []
    var facts: [(String, JSON)] = []
    do {
      let needs = Schema.runtimeTables + J.tables
      let (server, version, missing) = try await database.transaction(readOnly: true) { session in
        let missing = try session.query(Schema.missing(needs)).map { row in
          (
            complaint: try row.value("complaint", as: String.self),
            isPrivilege: try row.value("is_privilege", as: Bool.self)
          )
        }
        let version = missing.isEmpty ? try session.query(Schema.version).only().value("version", as: Int.self) : 0
        return (session.serverVersion, version, missing)
      }
      facts.append(("postgres_version", .integer(Int64(server))))
      if missing.isEmpty {
        facts.append(("schema_version", .integer(Int64(version))))
        if version < neededSchema { complaints.append(Schema.failure(found: version, needed: neededSchema)) }
      }
      complaints += missing.map { Schema.failure(missing: $0.complaint, isPrivilege: $0.isPrivilege) }
    } catch {
      complaints.append(JobFailure(classifying: error))
    }
    do {
      let pong = try await redis.withSession { session in try session.command(RedisCommand("PING")) }
      facts.append(("redis", .string(pong.text ?? "?")))
    } catch {
      complaints.append(JobFailure(classifying: error))
    }
    await database.close()
    await redis.close()
    record.counted.details = JSON(members: facts)
    record.add(complaints.map { ItemFailure(item: "check", kind: $0.kind.rawValue, message: $0.description) })
    if surroundings.signal() != nil { return result(.interrupted) }
    guard let first = complaints.first else { return result(.succeeded) }
    let all = complaints.map(\.message).joined(separator: "; ")
    return result(.failed, JobFailure(first.kind, all, hint: first.hint))
  }
}
