import Postgres

/// Which parts of a job are on in a run, and which are off because the application does not have their tables.
public struct PartsInUse: Sendable {
  /// A part that is off.
  public struct Off: Sendable {
    /// The part's name as settings and results have it.
    public let name: String
    /// The tables that exist in no schema.
    public let tables: [String]
    /// Whether the run before has said so.
    public let isKnown: Bool
  }

  /// The names of the parts that are on.
  public let on: [String]
  /// The parts that are off, each with the tables that are missing.
  public let off: [Off]
  /// Parts that were off in the run before.
  let back: [String]

  /// Whether a part is on; true for a name that no part has.
  public func isOn(_ name: String) -> Bool { !off.contains { $0.name == name } }

  /// The parts that this run is the first to find off: what earlier runs have against them is settled.
  public var newlyOff: [String] { off.filter { !$0.isKnown }.map(\.name) }

  /// The members `on` and `off` of a result's details.
  var members: [(String, JSON)] {
    [
      ("on", .array(on.map { .string($0) })),
      ("off", JSON(members: off.map { ($0.name, .array($0.tables.map { .string($0) })) })),
    ]
  }

  /// What `--check` says of the parts that are off.
  var remarks: [String] {
    off.map { part in
      let names = part.tables.joined(separator: ", ")
      return "\(part.name) is off: "
        + (part.tables.count == 1 ? "the table \(names) does not exist" : "the tables \(names) do not exist")
    }
  }

  /// What the server says of one part.
  struct Finding: Sendable {
    let name: String
    let missing: [String]
    let wasOn: Bool
    let wasOff: Bool

    init(_ row: Row) throws(PostgresError) {
      name = try row.value("part")
      missing = try row.value("missing", as: String.self).split(separator: ",").map(String.init)
      wasOn = try row.value("was_on")
      wasOff = try row.value("was_off")
    }
  }

  /// One row for each part that reads tables, with those that no schema has.
  ///
  /// A table that another schema has is there: that the job does not find it is a failure.
  static func question(_ parts: [WorkPart], _ run: JobRun) -> Statement {
    let read = parts.flatMap { part in part.tables.map { (part.name, $0.table) } }
    return """
      with last as (
        select details from oneshot.job_runs
        where (instance, job, server, variant, shard) =
          (\(run.instance), \(run.identity.job), \(run.server), \(run.variant), \(run.shard.index))
          and run_id <> \(run.id) and jsonb_exists(details, 'off')
        order by started_at desc limit 1
      ), tables as (
        select part, name, exists (
            select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
            where relname = name and relkind in ('r', 'p', 'v', 'm', 'f') and relpersistence <> 't'
              and nspname not in ('pg_catalog', 'information_schema', 'oneshot')) as is_there
        from unnest(\(read.map(\.0))::text[], \(read.map(\.1))::text[]) as t (part, name)
      )
      select part, coalesce(string_agg(distinct name, ',') filter (where not is_there), '') as missing,
        coalesce((select jsonb_exists(details -> 'on', part) from last), false) as was_on,
        coalesce((select jsonb_exists(details -> 'off', part) from last), false) as was_off
      from tables group by part
      """
  }
}
