/// The value of a lock, written by a run of this project or by somebody else.
package enum LockHolder {
  /// How many bytes of the lock's value are read and shown.
  ///
  /// A run writes about 150; another holder may have written any number.
  package static let longestShown = 4096

  /// The text of a value that was read up to one byte more than is shown, with `…` where it is longer.
  package static func shown(_ value: [UInt8]) -> String {
    String(decoding: value.prefix(longestShown), as: UTF8.self) + (value.count > longestShown ? "…" : "")
  }

  /// A member of the holder: `run_id`, `host`, `since`, `variant`, `server`; `nil` for an empty one.
  package static func field(_ name: String, in holder: String) -> String? {
    // The values that a run writes have no spaces and no escapes; anything else is another holder's.
    let parts = holder.split(separator: "\"\(name)\":\"", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let end = parts[1].firstIndex(of: "\"") else { return nil }
    return end == parts[1].startIndex ? nil : String(parts[1][..<end])
  }
}
