/// A binary COPY in progress, lent by `Session.copy`.
///
/// The scope that lends it ends it.
public struct CopyWriter: ~Copyable {
  private let wire: Wire
  /// How many rows have gone to the server.
  public private(set) var count = 0

  init(wire: Wire) { self.wire = wire }

  /// The header of the binary form: signature, flags, no extension.
  static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
  static let trailer: [UInt8] = [0xFF, 0xFF]

  /// Sends rows.
  ///
  /// Returns once libpq has taken them, waiting while the server is slower.
  public mutating func write(_ rows: CopyRows) throws(PostgresError) {
    try wire.sendCopyData(rows.bytes)
    count += rows.count
  }
}

/// The two forms of COPY that are text, as programs write them.
public enum CopyFormat: String, Sendable, CaseIterable { case text, csv }

/// A COPY of text in progress, lent by `Session.copy`.
///
/// The scope that lends it ends it.
public struct CopyTextWriter: ~Copyable {
  private let wire: Wire

  init(wire: Wire) { self.wire = wire }

  /// Sends bytes, which may end anywhere within a row.
  ///
  /// Returns once libpq has taken them, waiting while the server is slower.
  public mutating func write(_ bytes: [UInt8]) throws(PostgresError) { try wire.sendCopyData(bytes) }
}
