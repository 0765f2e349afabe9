/// What is wrong with a connection string, as the rest of a sentence.
///
/// It quotes only parts of the string that cannot belong to a password.
struct ConnectionComplaint {
  let text: String

  /// - Parameters:
  ///   - complaint: libpq's message, which may repeat any part of the string.
  ///   - url: the connection string.
  init(_ complaint: String, about url: String) {
    if let scheme = Self.foreignScheme(of: url) {
      text = "begins with «\(scheme)»; libpq takes postgresql:// and postgres://"
    } else if let name = Self.unknownParameter(in: complaint, of: url) {
      text = "has the parameter «\(name)», which libpq does not know: \(Self.remedy(for: name))"
    } else if complaint.contains("percent-encoded") {
      text = "holds a % that begins no code such as %40; a % itself is written %25"
    } else if complaint.contains("key/value separator") {
      text = "has parameters after «?» that are not of the form name=value; an = inside of a value is written %3D"
    } else {
      text = "is neither a libpq URI (postgresql://user@host/database) nor a keyword string (host=… dbname=…)"
    }
  }

  private static func foreignScheme(of url: String) -> Substring? {
    guard let mark = url.firstRange(of: "://") else { return nil }
    let scheme = url[..<mark.upperBound]
    let isPlain = url[..<mark.lowerBound].utf8.allSatisfy {
      Self.isLetter($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: ":")
    }
    return isPlain && !["postgresql://", "postgres://"].contains(scheme) ? scheme : nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }

  /// The name that libpq complains about; `nil` where it may be a part of a password.
  ///
  /// Text after a blank, or after a «?» that should have been escaped, looks like a parameter.
  private static func unknownParameter(in complaint: String, of url: String) -> Substring? {
    let beginnings = ["invalid URI query parameter: \"", "invalid connection option \""]
    guard let beginning = beginnings.first(where: complaint.hasPrefix) else { return nil }
    let name = complaint.dropFirst(beginning.count).prefix { $0 != "\"" }
    if remedies.contains(where: { $0.names.contains(name.lowercased()) }) { return name }
    guard name.utf8.allSatisfy({ isLetter($0) || $0 == UInt8(ascii: "_") }), !name.isEmpty else { return nil }
    let mayBeSecret =
      url.firstRange(of: "://") != nil
      ? url.drop { $0 != "?" }.contains("@") : url.lowercased().firstRange(of: "password") != nil
    return mayBeSecret ? nil : name
  }

  private static func remedy(for name: Substring) -> String {
    remedies.first { $0.names.contains(name.lowercased()) }?.remedy ?? "correct it, or leave it out"
  }

  /// Parameters of other clients (Prisma, JDBC, node-postgres, pgx, SQLAlchemy, Rails), and what libpq has instead.
  private static let remedies: [(names: [String], remedy: String)] = [
    (["schema", "currentschema", "search_path"], "the schema is chosen by options=-csearch_path%3DNAME"),
    (
      [
        "pgbouncer", "connection_limit", "pool_timeout", "statement_cache_size", "preparethreshold", "pool",
        "pool_size",
        "max_overflow", "pool_max_conns", "prepared_statements",
      ],
      "leave it out; it is for a client behind a pooler, and DATABASE_URL has to lead to Postgres itself"
    ),
    (["ssl", "sslaccept", "sslfactory", "usessl"], "TLS is requested by sslmode=verify-full and sslrootcert"),
    (
      ["statement_timeout", "lock_timeout", "timezone", "work_mem"],
      "settings of the session are written options=-cNAME%3DVALUE"
    ),
    (["applicationname"], "libpq spells it application_name"),
    (["connecttimeout", "logintimeout"], "libpq spells it connect_timeout, in seconds"),
  ]
}
