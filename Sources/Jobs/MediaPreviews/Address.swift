/// A presigned address: whoever has it may read or write one object, so it is a secret.
///
/// Only `shown` may be shown.
struct Address: Sendable, Equatable {
  /// All of it.
  let url: String
  /// Without what signs it.
  let shown: String

  /// Whether a text is meant as an address, and not as a path.
  static func isMeant(_ text: String) -> Bool { ["https://", "http://"].contains { text.lowercased().hasPrefix($0) } }

  /// - Returns: `nil` for what is no address by https, or has a login in it: signatures are all that is known here to
  ///   be left out of what is shown.
  init?(_ text: String) {
    guard text.hasPrefix("https://"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    let end = text.firstIndex { $0 == "?" || $0 == "#" } ?? text.endIndex
    let host = text[..<end].dropFirst("https://".count).prefix { $0 != "/" }
    guard !host.isEmpty, !host.hasPrefix(":"), !host.contains("@"), text[end...].first != "#" else { return nil }
    (url, shown) = (text, String(text[..<end]))
  }
}

/// Where a preview goes.
enum Destination: Sendable, Equatable {
  /// Below the folder of previews.
  case file
  case address(Address)
  case unusable

  init(_ text: String?) {
    self = text.map { Address($0).map { .address($0) } ?? .unusable } ?? .file
  }
}

/// Where a source is.
enum Source: Sendable, Equatable {
  /// Below the folder of sources.
  case path(String)
  case address(Address)
  /// What looks like an address and is none that is used.
  case unusable

  init(_ text: String) {
    self = Address.isMeant(text) ? Address(text).map { .address($0) } ?? .unusable : .path(text)
  }

  /// As dead letters and logs may have it.
  var shown: String {
    switch self {
    case .path(let path): path
    case .address(let address): address.shown
    case .unusable: "(an address)"
    }
  }
}
