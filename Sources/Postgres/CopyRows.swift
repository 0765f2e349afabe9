/// Rows in Postgres' binary COPY form, on their way to a `CopyWriter`.
///
/// Filling these needs no connection, so another thread may do it while the server takes the last ones.
/// Form: PostgreSQL manual, COPY, "Binary Format"; all numbers in network byte order.
public struct CopyRows: Sendable {
  private(set) var bytes: [UInt8] = []
  /// How many rows have been begun.
  public private(set) var count = 0

  /// - Parameter capacity: bytes to make room for.
  public init(capacity: Int) { bytes.reserveCapacity(capacity) }

  /// How many bytes the rows take so far.
  public var size: Int { bytes.count }

  /// Begins a row; exactly `columns` values have to follow.
  public mutating func beginRow(columns: Int) {
    append(Int16(columns))
    count += 1
  }

  /// The rows of another piece, after these.
  public mutating func append(_ rows: CopyRows) {
    bytes += rows.bytes
    count += rows.count
  }

  /// NULL, of any type.
  public mutating func appendNull() { append(Int32(-1)) }

  /// A `smallint`.
  public mutating func append(smallint value: Int16) {
    append(Int32(2))
    append(value)
  }

  /// A `bigint`.
  public mutating func append(bigint value: Int64) {
    append(Int32(8))
    append(value)
  }

  /// A `date`, as days since 2000-01-01.
  public mutating func append(dateSince2000 days: Int32) {
    append(Int32(4))
    append(days)
  }

  /// A `text`.
  ///
  /// The bytes must be valid UTF-8 without NUL, or the server refuses the whole COPY.
  public mutating func append(text: UnsafeRawBufferPointer) {
    append(Int32(text.count))
    bytes.append(contentsOf: text)
  }

  /// A `text`.
  public mutating func append(text: String) {
    var text = text
    text.withUTF8 { append(text: UnsafeRawBufferPointer($0)) }
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }
}
