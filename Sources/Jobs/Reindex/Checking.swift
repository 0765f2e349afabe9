import JobRuntime
import Postgres
import Redis

extension Reindex: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    needs.redisTrials = [RedisCommand("GET", Pace.key)]
    return needs
  }

  /// Looks whether the entities' files can be read.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    var complaints: [JobFailure] = []
    if let complaint = try await complaintAboutLanguage(run) { complaints.append(complaint) }
    let inUse = try await findParts(run)
    for entity in settings.entities where inUse.isOn(entity.name) {
      if let failure = try await failure(reading: entity, run) {
        complaints.append(
          JobFailure(
            .misconfigured, failure.description,
            hint: "Fix the file, the table or the grant, or leave the entity out of REINDEX_ENTITIES."))
      }
    }
    complaints += try await Untracked.find(among: settings.entities, run).map(\.failure)
    if settings.mode == .rebuild, let complaint = try await Rebuild.complaint(run) { complaints.append(complaint) }
    return complaints
  }

  func remarks(_ run: JobRun) async throws -> [String] {
    let files = settings.entities.map(\.file)
    return try await run.snapshot { session in try session.foreignMeanings(of: files) }
  }

  func complaintAboutLanguage(_ run: JobRun) async throws -> JobFailure? {
    let question: Statement = """
      select exists (
        select from pg_ts_config
        where cfgname = \(settings.language) and cfgnamespace in (
          'pg_catalog'::regnamespace, (select relnamespace from pg_class where oid = 'search_documents'::regclass))
      ) as is_known
      """
    guard try await !run.read(question).only().value("is_known", as: Bool.self) else { return nil }
    return JobFailure(
      .misconfigured,
      "REINDEX_LANGUAGE is «\(settings.language)», which is not a text search configuration that search() finds",
      hint: "It finds those of pg_catalog and of the schema of search_documents; \\dF in psql lists them.")
  }

  /// Why an entity's file yields nothing to index.
  func failure(reading entity: Entity, _ run: JobRun) async throws -> SQLFile.Failure? {
    do {
      let (columns, plan, description) = (try entity.columns(), try entity.plan(), try entity.description())
      do {
        let complaint = try await run.reading { session in
          try session.parse(entity.file)
          return try entity.complaint(
            about: session.query(columns).columns,
            plan: session.query(plan).first?.value("QUERY PLAN", as: String.self) ?? "")
        }
        if let complaint { return complaint }
      } catch PostgresError.server(let error) where !error.state.isTransient && error.state != .queryCanceled {
        return SQLFile.Failure(entity.describe(error, in: columns))
      }
      do {
        let row = try await run.reading { session in try session.query(description).only() }
        guard try row.value("is_pseudo") else { return nil }
        return SQLFile.Failure(
          "\(entity.file.place): its id is a \(try row.value("id_type", as: String.self)), which cannot be an id")
      } catch PostgresError.server(let error) where !error.state.isTransient && error.state != .queryCanceled {
        // Its columns are there, so it is their types.
        return SQLFile.Failure(
          entity.describe(error, in: description)
            + ". An id has to be of a type that can be sorted (id::text is), deleted a boolean")
      }
    } catch let failure as SQLFile.Failure {
      return failure
    }
  }
}

extension Reindex: HasParts {
  var parts: [WorkPart] {
    settings.entities.map { entity in
      guard entity.file.isBuiltIn else { return WorkPart(entity.name, isOptional: false) }
      // Which of their columns may be read is found out by reading (see `check`).
      let table = TableNeed(
        "\(entity.name)s", columns: [], privileges: [],
        origin: .application(otherwise: "leave \(entity.name) out of REINDEX_ENTITIES"))
      return WorkPart(entity.name, tables: [table], isOptional: !settings.hasChosenEntities)
    }
  }

  /// Those of which search() finds documents.
  func partsWithResults(_ names: [String], _ run: JobRun) async throws -> Set<String> {
    let indexed: Statement = """
      select name from unnest(\(names)::text[]) as name
      where exists (select from search_documents where entity = name)
      """
    return Set(try await run.read(indexed).map { try $0.value("name", as: String.self) })
  }
}
