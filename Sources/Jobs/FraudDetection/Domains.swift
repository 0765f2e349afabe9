import JobRuntime

/// The file of `FRAUD_DOMAINS_FILE`.
enum Domains {
  /// - Throws: a `JobFailure` where it cannot be read.
  static func read(_ path: String) throws -> String {
    do { return try SmallFile.read(path, atMost: 8192) } catch {
      throw JobFailure(
        .misconfigured, "FRAUD_DOMAINS_FILE: \(path) cannot be read: \(error)",
        hint: "Mount the file, one domain a line, or leave FRAUD_DOMAINS_FILE out.")
    }
  }

  /// Says whether a file is the one that was read before (FNV-1a, 64 bits, and the length).
  static func digest(_ text: String) -> String {
    let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return "\(String(hash, radix: 16))-\(text.utf8.count)"
  }
}
