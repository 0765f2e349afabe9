import BlockingIO

/// `--describe`: what a platform has to know about a job to run it, taken from the code.
///
/// Manifests are generated from it (docs/decisions/0016-manifests-from-the-binaries.md).
enum Description {
  /// - Parameter variables: the environment, to describe the job with these settings.
  static func json<J: Job>(of job: J.Type, _ variables: [String: String] = [:]) -> JSON {
    let settings = JobHelp.declarations(of: J.self)
    var env = Environment(variables)
    let own = J.Settings(from: &env)
    let selecting = Set(env.declarations.filter(\.selects).map(\.name))
    // A list that cannot be read (a folder that is not here) would yield the name of other work.
    let isKnown = !env.problems.contains { selecting.contains($0.name) && variables[$0.name] != nil }
    return [
      "name": .string(J.name),
      "summary": .string(J.summary),
      "version": .string(oneshotVersion),
      "variant": isKnown ? .string(env.variant) : .null,
      "keeps_data_in_redis": .bool(J.facts.keepsDataInRedis),
      "needed_schema": JSON(
        members: MigrationNeed.all(of: J.facts.schema).map { ($0.line, .integer(Int64($0.number))) }),
      "stops_within_seconds": .integer(StopLimits.contract.components.seconds),
      "settings": .array(
        settings.own.map { json(of: $0, isOwn: true) } + settings.common.map { json(of: $0, isOwn: false) }),
      "exit_codes": .array(ExitCode.all.map(json)),
      "tables": .array(tables(J.facts.needs.tables).map(json)),
      "functions": .array(J.facts.needs.functions.map { .string($0.signature) }),
      "grants": env.problems.isEmpty ? grants(of: J(settings: own)) : problems(env.problems),
      "letter_kinds": .array(
        J.facts.letterKinds.map {
          ["kind": .string($0.name), "cause": .string($0.cause), "remedy": .string($0.remedy)]
        }),
    ]
  }

  /// Why it is not known what a run with these settings needs.
  private static func problems(_ problems: [SettingProblem]) -> JSON {
    ["problems": .array(problems.map { .string("\($0.name) \($0.message)") })]
  }

  /// What a run with these settings, rather than with the defaults, needs to be granted.
  ///
  /// What the user's own SQL reads only the server knows.
  private static func grants<J: Job>(of job: J) -> JSON {
    let needs = (job as? any Checkable)?.needs ?? J.facts.needs
    let parts = (job as? any HasParts)?.parts ?? []
    let always = Schema.runtimeTables + needs.tables + parts.filter { !$0.isOptional }.flatMap(\.tables)
    let tables =
      always.map { grant($0, isOptional: false) }
      + parts.filter(\.isOptional).flatMap(\.tables)
      .map { grant($0, isOptional: true) }
    return ["tables": .array(tables), "functions": .array(needs.functions.map { .string($0.signature) })]
  }

  /// - Parameter isOptional: whether the work that needs it is off where the table does not exist.
  private static func grant(_ need: TableNeed, isOptional: Bool) -> JSON {
    let limits = need.limits.sorted { $0.key.rawValue < $1.key.rawValue }.map { limit in
      (limit.key.rawValue, JSON.array(limit.value.map { .string($0) }))
    }
    return [
      "table": .string(need.table), "privileges": .array(need.privileges.map { .string($0.rawValue) }),
      "columns": JSON(members: limits), "is_optional": .bool(isOptional),
    ]
  }

  /// The job's tables and the runtime's, each once.
  private static func tables(_ own: [TableNeed]) -> [TableNeed] {
    let common = Schema.runtimeTables
    return common.map { need in
      var need = need
      for other in own where other.table == need.table {
        need.privileges += other.privileges.filter { !need.privileges.contains($0) }
      }
      return need
    } + own.filter { need in !common.contains { $0.table == need.table } }
  }

  /// `default` is text, as it would stand in the environment, or null.
  private static func json(of setting: SettingDeclaration, isOwn: Bool) -> JSON {
    [
      "name": .string(setting.name), "form": .string(setting.form),
      "default": setting.fallback.map { .string($0) } ?? .null, "required": .bool(setting.isRequired),
      "secret": .bool(setting.isSecret), "of": isOwn ? "job" : "runtime",
      "selects": .bool(setting.selects),
      "event": .bool(isOwn ? setting.isForEvents : RuntimeSettings.forEvents.contains(setting.name)),
      "help": .string(setting.help),
    ]
  }

  private static func json(of exit: ExitCode) -> JSON {
    [
      "codes": .array(exit.codes.map { .integer(Int64($0)) }), "status": .string(exit.status.rawValue),
      "kinds": .array(exit.kinds.map { .string($0.rawValue) }), "retry": .bool(exit.advice.retries),
      "alert": .bool(exit.advice.alerts), "meaning": .string(exit.meaning),
    ]
  }

  private static func json(of need: TableNeed) -> JSON {
    let limited = need.limits.keys.filter { !need.privileges.contains($0) }.map(\.rawValue).sorted()
    return [
      "table": .string(need.table),
      "privileges": .array((need.privileges.map(\.rawValue) + limited).map { .string($0) }),
    ]
  }
}
