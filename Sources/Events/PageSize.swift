/// How many entries of a stream are read at once: as many as fit into one answer, judged by the size of those that were
/// read last.
public struct PageSize: Sendable {
  /// How many bytes of entries a page is meant to have; an answer may have half as many more.
  static let bytes = 4 * 1024 * 1024

  private var most = Int.max

  /// Begins without an estimate: the first page has as many entries as the caller can use.
  public init() {}

  /// - Parameter limit: how many the caller can use.
  func count(atMost limit: Int) -> Int { max(1, min(limit, most)) }

  /// Notes the sizes of a page.
  mutating func note(_ page: StreamPage) {
    guard !page.entries.isEmpty else { return }
    let bytes = page.entries.reduce(0) { $0 + $1.size }
    most = Self.bytes / max(1, bytes / page.entries.count)
  }

  /// Notes that this many entries exceeded an answer's limit.
  mutating func shrink(from count: Int) { most = max(1, count / 4) }
}
