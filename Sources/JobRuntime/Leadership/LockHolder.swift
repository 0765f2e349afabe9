/// The value of a lock, as a run of ours writes it or somebody else does.
package enum LockHolder {
  /// How many bytes of it are read and shown. Ours has about 150; whoever else holds the lock may have written any number.
  package static let longestShown = 4096

  /// The text of a value of which one byte more was read than is shown, with `…` where it is longer.
  package static func shown(_ value: [UInt8]) -> String {
    String(decoding: value.prefix(longestShown), as: UTF8.self) + (value.count > longestShown ? "…" : "")
  }

  /// What a holder says of itself: `run_id`, `host`, `since`, `variant`, `server`; an empty one is none.
  package static func said(_ name: String, in holder: String) -> String? {
    // What we write has no spaces and escapes nothing in these; whatever else is somebody else's.
    let parts = holder.split(separator: "\"\(name)\":\"", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let end = parts[1].firstIndex(of: "\"") else { return nil }
    return end == parts[1].startIndex ? nil : String(parts[1][..<end])
  }
}
