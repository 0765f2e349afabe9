import JobRuntime
import Redis

/// Counters that are fields of hashes.
extension CounterRows {
  /// Takes one field of a hash.
  ///
  /// - Parameter key: the parts of the hash's own key.
  mutating func take(_ field: LentBytes, _ value: LentBytes, of name: LentBytes, _ key: CounterKey) {
    switch selection.format.counter(field, of: key) {
    case .success(let counter):
      guard selection.format.field == .metric || selection.contains(merchant: counter.merchant) else { return }
      report.matched += 1
      take(counter, value, of: name, field: field)
    case .failure(let problem):
      guard isResponsible(forHash: name) else { return }
      reject(name, field: field, problem.rawValue, problem.message(of: selection.format))
    }
  }

  mutating func rejectNoHash(_ name: LentBytes, _ key: CounterKey) {
    guard isResponsible(forHash: name) else { return }
    reject(
      name, UsageAggregation.wrongType,
      "the key is not a hash, but \(selection.format.text) has its counters in fields; rename or delete it", key)
  }

  /// Whether this share of the work has to report a problem with a hash: where its fields are the merchants, all shares
  /// read it.
  private func isResponsible(forHash name: LentBytes) -> Bool {
    selection.format.field == .metric || selection.isResponsible(for: name)
  }

  /// Reads a hash to its end, whatever the size of its values: `HSCAN` would send all of them, so the length of each is
  /// read first.
  ///
  /// This is slower than `HSCAN`, so it is for the few hashes that have large values.
  ///
  /// - Parameter handOver: called when there may be enough rows to send.
  mutating func readCutShort(
    _ name: [UInt8], _ session: inout RedisSession, handOver: (inout CounterRows) throws -> Void
  ) throws {
    let count = try session.command(RedisRead(.hlen, bytes: [name])).integer ?? 0
    guard count <= Self.mostFields else {
      return rejectTooLarge(name, "\(count) fields and a value that is too large among them")
    }
    let fields = try session.command(RedisRead(.hkeys, bytes: [name])).elements.compactMap(Self.bytes)
    for start in stride(from: 0, to: fields.count, by: Self.fieldsAPage) {
      let page = fields[start..<min(start + Self.fieldsAPage, fields.count)]
      let lengths = try session.pipeline(page.map { RedisRead(.hstrlen, bytes: [name, $0]) })
      let read = zip(page, lengths).map { field, length in
        // A value that is too long is refused without reading it.
        (field: field, isShort: length.integer.map { $0 < CounterValue.longest } ?? true)
      }
      let short = read.filter(\.isShort).map(\.field)
      let values =
        short.isEmpty ? [] : try session.command(RedisRead(.hmget, bytes: [name] + short)).elements
      take(zip(short, values).compactMap { field, value in Self.bytes(value).map { (field, $0) } }, of: name)
      take(read.filter { !$0.isShort }.map { ($0.field, []) }, of: name)
      try handOver(&self)
    }
  }

  /// The most fields whose names come in one answer.
  private static let mostFields = 100_000

  /// - Parameter what: what is too large about the hash.
  mutating func rejectTooLarge(_ name: [UInt8], _ what: String) {
    name.withUnsafeBytes { name in
      guard case .success(let key) = selection.format.parse(name), isResponsible(forHash: name) else { return }
      reject(
        name, UsageAggregation.wrongType,
        "the hash has \(what), so it is not read; delete what is large", key)
    }
  }

  private static let fieldsAPage = 500

  private static func bytes(_ value: RedisValue) -> [UInt8]? {
    if case .bytes(let bytes) = value { bytes } else { nil }
  }

  private mutating func take(_ fields: [(field: [UInt8], value: [UInt8])], of name: [UInt8]) {
    name.withUnsafeBytes { name in
      guard case .success(let key) = selection.format.parse(name) else { return }
      for (field, value) in fields {
        field.withUnsafeBytes { field in value.withUnsafeBytes { take(field, $0, of: name, key) } }
      }
    }
  }

  /// Reads hashes of any names to the end.
  ///
  /// - Returns: the hashes that another primary of the cluster has.
  mutating func readHashes(
    _ names: ArraySlice<[UInt8]>, _ session: inout RedisSession, inCluster: Bool
  ) throws -> [[UInt8]] {
    var elsewhere: [[UInt8]] = []
    let types = try session.pipeline(names.map { RedisRead(.type, bytes: [$0]) })
    for (name, type) in zip(names, types) {
      if inCluster, case .error("MOVED", _) = type {
        elsewhere.append(name)
      } else if type == .status("hash") {
        try readCutShort(name, &session) { _ in }
      } else {
        try look(at: name, value: .null, type: type)
      }
    }
    return elsewhere
  }
}
