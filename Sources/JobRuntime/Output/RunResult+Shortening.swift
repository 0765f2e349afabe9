/// Results that are longer than their reader has room for. The ledger has what is left out of a run's result, and the
/// result says so.
extension RunResult {
  /// The most bytes of the line on stdout, its newline included.
  ///
  /// rsyslog cuts at 8 KiB, its own header included; container runtimes split at 16 KiB.
  package static let longestLine = 8000

  /// How many bytes of each text and how many elements of each list are kept, tried in this order.
  private static let steps = [(1000, 100), (500, 40), (300, 20), (200, 10), (100, 5), (60, 2), (40, 0)]

  /// The line on stdout, without its newline.
  package var line: String { printable(json(atMost: Self.longestLine - 1)) }

  /// The result in at most so many bytes, still valid: details and errors become shorter; how the run ended stays.
  package func json(atMost limit: Int) -> JSON {
    func fits(_ result: RunResult) -> Bool { printable(result.json).utf8.count <= limit }
    if fits(self) { return json }
    var shorter = self
    shorter.shortened = fence == nil ? "the rest is left out" : "the rest is in the ledger: oneshot run \(runID)"
    for (bytes, count) in Self.steps where !fits(shorter) {
      shorter.details = details.shortened(texts: bytes, lists: count)
      shorter.errors = errors.prefix(count).map {
        ItemError(item: $0.item.shortened(to: bytes), kind: $0.kind, message: $0.message.shortened(to: bytes))
      }
      shorter.error = error.map {
        JobFailure($0.kind, $0.message.shortened(to: 2 * bytes), hint: $0.hint?.shortened(to: 2 * bytes))
      }
    }
    if !fits(shorter) { shorter.counts = [:] }
    return shorter.json
  }
}

extension JSON {
  /// The same value with shorter texts, and of each list and object only the beginning.
  fileprivate func shortened(texts bytes: Int, lists count: Int) -> JSON {
    switch self {
    case .string(let text): .string(text.shortened(to: bytes))
    case .verbatim(let text): text.utf8.count <= bytes ? self : .string(text.shortened(to: bytes))
    case .array(let values): .array(values.prefix(count).map { $0.shortened(texts: bytes, lists: count) })
    case .object(let members):
      JSON(
        members: members.prefix(count).map {
          ($0.key.shortened(to: bytes), $0.value.shortened(texts: bytes, lists: count))
        })
    case .null, .bool, .integer, .double: self
    }
  }
}

extension String {
  /// At most this many bytes, including the sign at the end that something is missing.
  func shortened(to bytes: Int) -> String {
    guard utf8.count > bytes else { return self }
    // By scalars: one `Character` may be of any length.
    var (kept, used) = (String.UnicodeScalarView(), "…".utf8.count)
    for scalar in unicodeScalars {
      used += UTF8.width(scalar)
      if used > bytes { break }
      kept.append(scalar)
    }
    return String(kept) + "…"
  }
}
