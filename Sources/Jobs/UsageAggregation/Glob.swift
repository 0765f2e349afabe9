import Redis

/// A pattern as Redis' own `KEYS` and `SCAN` take it: `*`, `?`, `[a-z]`, `[^a]`, and a backslash before a literal
/// character.
struct Glob: Sendable, Equatable {
  let text: String
  private let pieces: [Piece]

  private enum Piece: Sendable, Equatable {
    case anything
    /// One of these bytes.
    case one(of: Set<UInt8>)
    case byte(UInt8)
  }

  init(_ text: String) {
    self.text = text
    var pieces: [Piece] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "*"): pieces.append(.anything)
      case UInt8(ascii: "?"): pieces.append(.one(of: Set(UInt8.min...UInt8.max)))
      case UInt8(ascii: "["): pieces.append(.one(of: Self.members(&rest)))
      case UInt8(ascii: "\\"): pieces.append(.byte(rest.popFirst() ?? byte))
      default: pieces.append(.byte(byte))
      }
    }
    self.pieces = pieces
  }

  /// Reads up to the bracket that ends the list, or to the end where there is none, as Redis does.
  private static func members(_ rest: inout ArraySlice<UInt8>) -> Set<UInt8> {
    let isNegated = rest.first == UInt8(ascii: "^")
    if isNegated { rest.removeFirst() }
    var members: Set<UInt8> = []
    while var first = rest.popFirst(), first != UInt8(ascii: "]") {
      if first == UInt8(ascii: "\\"), let escaped = rest.popFirst() { first = escaped }
      if rest.count >= 2, rest.first == UInt8(ascii: "-") {
        rest.removeFirst()
        let last = rest.removeFirst()
        members.formUnion(min(first, last)...max(first, last))
      } else {
        members.insert(first)
      }
    }
    return isNegated ? Set(UInt8.min...UInt8.max).subtracting(members) : members
  }

  func matches(_ key: LentBytes) -> Bool {
    var (piece, place) = (0, 0)
    // The place of the last star, and the end that was last tried for its match.
    var star: (piece: Int, place: Int)?
    while place < key.count || piece < pieces.count {
      if piece < pieces.count {
        if pieces[piece] == .anything {
          star = (piece, place)
          piece += 1
          continue
        }
        if place < key.count, isMet(pieces[piece], by: key[place]) {
          (piece, place) = (piece + 1, place + 1)
          continue
        }
      }
      guard let last = star, last.place < key.count else { return false }
      star = (last.piece, last.place + 1)
      (piece, place) = (last.piece + 1, last.place + 1)
    }
    return true
  }

  private func isMet(_ piece: Piece, by byte: UInt8) -> Bool {
    switch piece {
    case .anything: true
    case .one(let members): members.contains(byte)
    case .byte(let wanted): byte == wanted
    }
  }

  /// Reads patterns separated by commas, with optional blanks.
  static func list(_ text: String) -> [Glob] {
    text.split(separator: ",").map { part in
      Glob(String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()))
    }
  }

  /// A pattern that matches exactly this text.
  static func literal(_ text: String) -> String {
    // By scalars: a star with a combining mark after it is one `Character`, and no star to a comparison.
    text.unicodeScalars.reduce(into: "") { $0 += "*?[]^-\\".unicodeScalars.contains($1) ? "\\\($1)" : String($1) }
  }
}
