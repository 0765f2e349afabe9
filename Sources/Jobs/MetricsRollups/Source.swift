import JobRuntime
import Postgres

/// A query that yields `(metric, entity_type, entity_id, value, occurred_at)` for a window, and perhaps `written_by`.
struct Source: Sendable {
  private(set) var file: SQLFile
  /// How its values are added up.
  private(set) var number = Number.double
  /// How its visitors are counted, where it has any.
  private(set) var visitors: Visitors?

  init(file: SQLFile) { self.file = file }

  var name: String { file.name }

  /// Whether it is `metric_events` as the migration makes it, with its indexes, from which the job may remove rows.
  var isOurTable: Bool { file.isBuiltIn && name == "metric_events" }

  private static let builtIn = [
    metricEvents(withVisitor: false),
    SQLFile(builtIn: "campaign_analytics", PackageResources.campaign_analytics_sql),
  ]

  /// A `metric_events` with the column `visitor` has visitors.
  private static func metricEvents(withVisitor: Bool) -> SQLFile {
    SQLFile(
      builtIn: "metric_events", PackageResources.metric_events_sql,
      filling: ["visitor": withVisitor ? SQLFragment(sql: ", visitor") : .empty])
  }

  static let namesBuiltIn = builtIn.map(\.name)

  /// The sources that a run takes: by default `metric_events` and those of the folder.
  ///
  /// The other built-in source reads tables that not every database has.
  static func all(folder: String?, chosen: [String]?, _ env: inout Environment) -> [Source] {
    let sources = [SQLFile].builtIn(builtIn, andFrom: folder, named: "ROLLUPS_SOURCES_DIR", &env)
      .chosen(chosen, named: "ROLLUPS_SOURCES", kind: "source", &env)
      .filter { chosen != nil || !$0.isBuiltIn || $0.name == "metric_events" }
      .map(Source.init(file:))
    env.select(
      ["ROLLUPS_SOURCES", "ROLLUPS_SOURCES_DIR"], as: "of", sources.map(\.name), unlike: ["metric_events"], more: "with"
    )
    return sources
  }

  /// A statement that reads the source's rows as `event`.
  ///
  /// - Parameters:
  ///   - query: the query over the rows.
  ///   - command: the text before it: nothing, or `create table … as`.
  func reading(_ query: SQLFragment, by command: SQLFragment = .empty) -> SQLFile {
    let frame = SQLFragment(sql: "{command}with event as not materialized ({file}) {query}")
    var file = file.wrapped(in: frame.filling(["command": command, "query": query]))
    // It is read a day at a time.
    file.isBlamedForShortage = false
    return file
  }

  /// How new rows of a source are found, by what the server says of its columns.
  enum Kind: Sendable {
    /// `written_by` names the transaction of each row, so new rows are found whatever their time.
    case exact
    /// The look-back is calculated again by each run.
    case recent
  }

  /// The widest window, for statements that read no rows.
  static var allEvents: [String: any PostgresEncodable] {
    ["window_start": Bucket.allEvents.start, "window_end": Bucket.allEvents.end]
  }

  /// Reads the query's columns from the server; finds a mistake in it before anything is done.
  ///
  /// - Throws: `SQLFile.Failure` for a mistake in a user's file; the server's error for a built-in one.
  func kind(_ session: borrowing Session) throws -> Kind {
    let question = reading(.kindOfSource)
    let window = Self.allEvents
    try session.parse(file, binding: window)
    let answer =
      file.isBuiltIn
      ? try session.query(question.statement(binding: window)) : try session.attempt(question, binding: window)
    switch try answer.only().value("writer", as: String.self) {
    case "xid8": return .exact
    case "text": return .recent
    case let type:
      throw SQLFile.Failure("\(file.place): written_by is of type \(type), not xid8; leave it out, or let it be one")
    }
  }
}

extension Source {
  /// How values of a type are added up; each way is exact.
  enum Number: Sendable {
    /// Unchanged: whole numbers and `numeric`.
    case exact
    /// `real`, by its own shortest decimals; the doubles nearest to such values have other decimals.
    case real
    /// Doubles, and whatever is converted to one, by their shortest decimals.
    case double

    init(type: String) {
      switch type {
      case "smallint", "integer", "bigint", "numeric": self = .exact
      case "real": self = .real
      default: self = .double
      }
    }

    var sum: SQLFragment {
      switch self {
      case .exact: SQLFragment(sql: "sum(value)::numeric")
      case .real: SQLFragment(sql: "trim_scale(sum(value::text::numeric))")
      case .double: .sumOfDoubles
      }
    }

    /// A value as a double, as minimum and maximum are stored.
    var value: SQLFragment {
      SQLFragment(sql: self == .real ? "value::text::double precision" : "value::double precision")
    }
  }

  /// Reads the types of values and times from the server.
  ///
  /// Only for a query without a mistake.
  ///
  /// - Parameter zone: the time zone of the days; a date is the beginning of one of them.
  /// - Throws: `SQLFile.Failure` for times that do not say which moments they are.
  func typed(in zone: String, _ session: borrowing Session) throws -> Source {
    var source = self
    if isOurTable {
      let hasVisitor: Bool = try session.query(
        """
        select exists (
          select from pg_attribute
          where attrelid = to_regclass('metric_events') and attname = 'visitor' and attnum > 0 and not attisdropped) as has_visitor
        """
      ).only().value("has_visitor")
      source.file = Self.metricEvents(withVisitor: hasVisitor)
    }
    let types = try session.attempt(source.reading(.typesOfSource), binding: Self.allEvents).only()
    source.number = Number(type: try types.value("value"))
    source.visitors = Visitors(type: try types.value("visitor"), hll: try types.optional("hll"))
    switch try types.value("time", as: String.self) {
    case "timestamp with time zone": break
    case "date": source.file.timeZone = zone
    case "timestamp without time zone":
      throw SQLFile.Failure(
        "\(file.place): occurred_at has no time zone. Write in which one it is: … at time zone '\(zone)' as occurred_at"
      )
    case let type:
      throw SQLFile.Failure("\(file.place): occurred_at is of type \(type), not timestamptz or date; write a cast")
    }
    return source
  }
}
