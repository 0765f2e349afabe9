import JobRuntime
import Redis

/// Counters that are fields of hashes.
extension CounterRows {
  /// Takes one field of a hash.
  ///
  /// - Parameter key: what the hash's own key names.
  mutating func take(_ field: LentBytes, _ value: LentBytes, of name: LentBytes, _ key: CounterKey) {
    switch selection.format.counter(field, of: key) {
    case .success(let counter):
      guard selection.format.field == .metric || selection.contains(merchant: counter.merchant) else { return }
      report.matched += 1
      take(counter, value, of: name, field: field)
    case .failure(let problem):
      guard isTold(name) else { return }
      reject(name, field: field, problem.rawValue, problem.message(of: selection.format))
    }
  }

  mutating func rejectNoHash(_ name: LentBytes, _ key: CounterKey) {
    guard isTold(name) else { return }
    reject(
      name, UsageAggregation.wrongType,
      "the key is no hash, but \(selection.format.text) has its counters in fields; rename or delete it", key)
  }

  /// Whether this share of the work is the one to report what is wrong with a hash: all of them read it where its fields
  /// are the merchants.
  private func isTold(_ name: LentBytes) -> Bool {
    selection.format.field == .metric || selection.isResponsible(for: name)
  }

  /// `HSCAN` with values cut short: as much as says that one is no counter. Slower than `HSCAN`, so it is for hashes that
  /// have large values, and for few.
  private static let cutShort = Script(
    """
    local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 100)
    for index = 2, #page[2], 2 do page[2][index] = string.sub(page[2][index], 1, tonumber(ARGV[2])) end
    return page
    """)

  /// Reads a hash to its end, whatever the size of its values.
  mutating func readCutShort(_ name: [UInt8], from start: String, _ session: inout RedisSession) throws {
    var cursor = start
    repeat {
      let answer = try session.run(
        Self.cutShort, keys: [String(decoding: name, as: UTF8.self)], arguments: [cursor, "\(CounterValue.longest)"])
      guard let next = answer.elements.first?.text, let page = answer.elements.last?.elements else {
        throw RedisError.unexpectedReply("HSCAN answered something that is no page of fields")
      }
      name.withUnsafeBytes { name in
        guard case .success(let key) = selection.format.parse(name) else { return }
        for index in stride(from: 0, to: page.count - 1, by: 2) {
          guard case .bytes(let field) = page[index], case .bytes(let value) = page[index + 1] else { continue }
          field.withUnsafeBytes { field in value.withUnsafeBytes { take(field, $0, of: name, key) } }
        }
      }
      cursor = next
    } while cursor != "0"
  }

  /// Reads hashes of any names to their ends.
  ///
  /// - Returns: those that another primary of the cluster has.
  mutating func readHashes(
    _ names: ArraySlice<[UInt8]>, _ session: inout RedisSession, inCluster: Bool
  ) throws -> [[UInt8]] {
    var elsewhere: [[UInt8]] = []
    let types = try session.pipeline(names.map { RedisRead(.type, bytes: [$0]) })
    for (name, type) in zip(names, types) {
      if inCluster, case .error("MOVED", _) = type {
        elsewhere.append(name)
      } else if type == .status("hash") {
        try readCutShort(name, from: "0", &session)
      } else {
        try look(at: name, value: .null, type: type)
      }
    }
    return elsewhere
  }
}
