/// Addresses as SMTP takes them.
///
/// libcurl sends whatever it is given, so this looks first.
public enum MailAddress {
  /// What is wrong with an address; `nil` when mail can be sent to it.
  public static func problem(_ address: String) -> String? {
    let bytes = Array(address.utf8)
    guard bytes.allSatisfy({ $0 < 0x80 }) else {
      return "it has characters beyond ASCII (write the domain in punycode)"
    }
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return "it has control characters" }
    guard let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return "it has no @" }
    let local = bytes[..<at]
    let domain = bytes[(at + 1)...]
    guard (1...64).contains(local.count), (1...255).contains(domain.count) else {
      return "it is empty on one side of the @, or too long"
    }
    guard isLocal(Array(local)) else { return "the part before the @ is not a valid local part" }
    guard isDomain(String(decoding: domain, as: UTF8.self)) || isLiteral(Array(domain)) else {
      return "the part after the @ is not a domain"
    }
    return nil
  }

  /// Names with dots between them, such as example.org.
  public static func isDomain(_ text: String) -> Bool {
    let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    func isLabel(_ label: Substring.UTF8View) -> Bool {
      (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
        && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }
    return labels.count >= 2 && text.utf8.count <= 255 && labels.allSatisfy(isLabel)
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// An atom with dots, or a quoted string (RFC 5321, 4.1.2).
  private static func isLocal(_ bytes: [UInt8]) -> Bool {
    let quote = UInt8(ascii: "\"")
    guard bytes.first == quote else {
      return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
        !atom.isEmpty && atom.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
      }
    }
    guard bytes.count >= 2, bytes.last == quote else { return false }
    var rest = bytes[1..<(bytes.count - 1)]
    while let byte = rest.popFirst() {
      if byte == quote { return false }
      if byte == UInt8(ascii: "\\"), rest.popFirst() == nil { return false }
    }
    return true
  }

  private static func isLiteral(_ bytes: [UInt8]) -> Bool {
    bytes.first == UInt8(ascii: "[") && bytes.last == UInt8(ascii: "]") && bytes.count > 4
      && bytes.dropFirst().dropLast().allSatisfy { isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x3A }
  }
}

/// A name and an address: `Example <hello@example.org>`.
public struct Mailbox: Sendable, Equatable {
  /// The name of a person or an organization; empty where there is none.
  public var name: String
  /// The address without brackets.
  public var address: String

  /// - Parameter address: one that `MailAddress.problem` accepts; it is not checked here.
  public init(name: String, address: String) { (self.name, self.address) = (name, address) }

  /// - Returns: `nil` for what is none.
  public init?(_ text: String) {
    guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else { return nil }
    var address = text[...]
    if text.hasSuffix(">"), let start = text.lastIndex(of: "<") {
      address = text[text.index(after: start)...].dropLast()
      name = text[..<start].split(separator: " ").joined(separator: " ")
      if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") { name = String(name.dropFirst().dropLast()) }
    } else {
      name = ""
    }
    self.address = String(address)
    guard MailAddress.problem(self.address) == nil else { return nil }
  }

  /// What follows the last `@` of the address.
  public var domain: String {
    String(address[address.index(after: address.lastIndex(of: "@") ?? address.startIndex)...])
  }

  /// As it stands in a header.
  ///
  /// - Parameter name: the header's.
  public func text(after name: String) -> String {
    self.name.isEmpty ? address : "\(MailHeader.phrase(self.name, after: name))<\(address)>"
  }
}
