import JobRuntime

/// The file of `FRAUD_DOMAINS_FILE`.
enum Domains {
  /// Its domains, a line each, in lower case: one a line, written as `*.domain` or `@domain`, too; a `#` begins a comment.
  ///
  /// - Throws: a `JobFailure` where it cannot be read, or a line is none.
  static func read(_ path: String) throws -> String {
    let text: String
    do { text = try SmallFile.read(path, atMost: 8192) } catch {
      throw JobFailure(
        .misconfigured, "FRAUD_DOMAINS_FILE: \(path) cannot be read: \(error)",
        hint: "Mount the file, with one domain a line, or unset FRAUD_DOMAINS_FILE.")
    }
    var domains: [UInt8] = []
    domains.reserveCapacity(text.utf8.count)
    for (number, line) in text.utf8.split(separator: newline, omittingEmptySubsequences: false).enumerated() {
      let domain = domain(in: line)
      guard domain.allSatisfy({ $0 > UInt8(ascii: " ") && $0 != UInt8(ascii: "/") && $0 != 0x7F }) else {
        throw JobFailure(
          .misconfigured,
          "FRAUD_DOMAINS_FILE: line \(number + 1) of \(path) is «\(String(decoding: line.prefix(80), as: UTF8.self))», which is not a domain",
          hint: "Write one domain a line; what follows a # is a comment.")
      }
      guard !domain.isEmpty else { continue }
      domains += domain
      domains.append(newline)
    }
    return String(decoding: domains, as: UTF8.self)
  }

  private static let newline = UInt8(ascii: "\n")

  /// What some editors put before a text in UTF-8.
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  private static func domain(in line: Substring.UTF8View) -> [UInt8] {
    func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte) }
    var bytes = line.prefix { $0 != UInt8(ascii: "#") }.drop(while: isSpace)
    if bytes.starts(with: byteOrderMark) { bytes = bytes.dropFirst(byteOrderMark.count).drop(while: isSpace) }
    while let last = bytes.last, isSpace(last) { bytes = bytes.dropLast() }
    if bytes.starts(with: "*.".utf8) {
      bytes = bytes.dropFirst(2)
    } else if bytes.first == UInt8(ascii: "@") {
      bytes = bytes.dropFirst()
    }
    while bytes.first == UInt8(ascii: ".") { bytes = bytes.dropFirst() }
    while bytes.last == UInt8(ascii: ".") { bytes = bytes.dropLast() }
    return bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }

  /// Says whether the domains are those that were read before (FNV-1a, 64 bits, and the length).
  static func digest(_ domains: String) -> String {
    let hash = domains.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return "\(String(hash, radix: 16))-\(domains.utf8.count)"
  }
}
