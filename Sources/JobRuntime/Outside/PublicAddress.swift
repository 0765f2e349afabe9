/// Whether an IP address may be reached by anybody: not this machine, a private network, a link-local address, or one
/// that clouds reserve for their hosts (169.254.169.254).
///
/// Source: IANA's registries of special-purpose addresses (RFC 6890), columns "Globally Reachable".
package enum PublicAddress {
  package static func contains(v4 bytes: [UInt8]) -> Bool {
    let number = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return !blocks.contains { number >> (32 - UInt32($0.bits)) == $0.start >> (32 - UInt32($0.bits)) }
  }

  package static func contains(v6 bytes: [UInt8]) -> Bool {
    func starts(_ start: [UInt8]) -> Bool { bytes.starts(with: start) }
    // An address of version 4 inside: mapped, translated (RFC 6052), 6to4 (RFC 3056).
    if starts([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) || starts([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {
      return contains(v4: Array(bytes.suffix(4)))
    }
    if starts([0x20, 0x02]) { return contains(v4: Array(bytes[2..<6])) }
    // Only 2000::/3 is assigned; 2001::/23 (protocols: Teredo, benchmarks, ORCHID) and documentation in it are excluded.
    let isOfProtocols = starts([0x20, 0x01]) && bytes[2] < 2
    return bytes[0] >> 5 == 1 && !isOfProtocols && !starts([0x20, 0x01, 0x0D, 0xB8]) && !starts([0x3F, 0xFF])
  }

  private static let blocks: [(start: UInt32, bits: Int)] = [
    (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16), (0xAC10_0000, 12),
    (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16), (0xC612_0000, 15), (0xC633_6400, 24),
    (0xCB00_7100, 24), (0xE000_0000, 3),
    // 168.63.129.16, where Azure gives each machine its settings, is no block of IANA's.
    (0xA83F_8110, 32),
  ]
}
