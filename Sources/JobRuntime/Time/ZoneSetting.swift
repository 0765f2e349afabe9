import Postgres

/// A setting that names a time zone, and the check of all such settings, for runs and for `--check`.
///
/// Postgres takes more than names where it converts a moment: of `UTC-5`, POSIX's notation, it makes five hours *east*, and
/// of `CET`, an abbreviation, a zone without daylight saving time.
package struct ZoneSetting: Sendable, Equatable {
  package var setting: String
  package var zone: String
}

extension Environment {
  /// A time zone, by a name of `pg_timezone_names`.
  ///
  /// Postgres checks it before the work begins.
  public mutating func timeZone(_ name: String, default fallback: String = "UTC", help: String) -> String {
    zone(name, default: fallback, help: help) ?? fallback
  }

  /// The same for an optional setting.
  public mutating func optionalTimeZone(_ name: String, help: String) -> String? {
    zone(name, default: nil, help: help)
  }

  private mutating func zone(_ name: String, default fallback: String?, help: String) -> String? {
    let zone = custom(name, form: "name of a time zone", default: fallback, help: help) { .success($0) } ?? fallback
    if let zone { zones.append(ZoneSetting(setting: name, zone: zone)) }
    return zone
  }
}

extension ZoneSetting {
  /// Whether the zone needs no check.
  var isUTC: Bool { zone.lowercased() == "utc" }

  /// - Returns: what is wrong with the zone; `nil` if nothing is. Call it outside of transactions: Postgres' answer may
  ///   be an error.
  func failure(_ session: borrowing Session) throws(PostgresError) -> JobFailure? {
    do {
      guard try !session.query(isName).only().value("is_name", as: Bool.self) else { return nil }
    } catch {
      guard error.state == .invalidParameterValue else { throw error }
    }
    return JobFailure(
      .misconfigured, "\(setting) is «\(zone)», which Postgres does not read as the name of a time zone",
      hint: try hint(session))
  }

  /// The view of all names reads some thousand files, so it is used only where it has to be: a text with a slash and
  /// without a digit is neither an offset nor an abbreviation, and Postgres converts by it only if it is a name (else
  /// 22023).
  private var isName: Statement {
    """
    select case
      when strpos(zone, '/') > 0 and zone !~ '[0-9]' then now() at time zone zone is not null
      else exists (select from pg_timezone_names where lower(name) = lower(zone))
        and not exists (
          select from pg_timezone_abbrevs
          where abbrev = upper(zone) and abbrev not in ('GMT', 'UCT', 'UTC', 'Z', 'ZULU'))
    end as is_name
    from (select \(zone)::text as zone) as asked
    """
  }

  /// What to write instead.
  private func hint(_ session: borrowing Session) throws(PostgresError) -> String {
    if let offset = UTCOffset(zone) { return offset.advice }
    var names: [String] = []
    for row in try session.query("select name from pg_timezone_names") { names.append(try row.value("name")) }
    // Every name is near to a short abbreviation.
    if zone.utf8.count > 4, let near = nearestName(to: zone, among: names) {
      return "Did you mean \(near)? `select name from pg_timezone_names` lists all."
    }
    return
      "Name a place, which also follows daylight saving time: Europe/Berlin, America/New_York. `select name from pg_timezone_names` lists all."
  }
}
