import JSONReading
import JobRuntime

/// What the program counts: objects of JSON, a line each, on descriptor 3.
///
/// If a name comes twice, the later count stays.
struct Counts {
  private let log: Log
  private(set) var all: [(name: String, value: Int)] = []
  private var complaints = 0
  private var bytes = 0

  private static let most = 50
  private static let longestName = 40
  private static let mostBytes = 1 << 20

  init(_ log: Log) { self.log = log }

  mutating func take(_ line: Line) {
    bytes += line.bytes.count
    guard !line.bytes.isEmpty, bytes <= Self.mostBytes else { return }
    guard !line.isCut, case .object(let members)? = JSONValue(json: String(decoding: line.bytes, as: UTF8.self))
    else {
      return complain("a line on descriptor 3 is not a JSON object; it is not counted", line.text(log, atMost: 200))
    }
    for member in members {
      guard case .number(let text) = member.value, let value = Int(text) else {
        complain("a count is not a whole number", member.name)
        continue
      }
      guard Self.isName(member.name) else {
        complain("a count's name is not of a-z, 0-9 and _, a letter first, \(Self.longestName) at most", member.name)
        continue
      }
      if let place = all.firstIndex(where: { $0.name == member.name }) {
        all[place].value = value
      } else if all.count < Self.most {
        all.append((member.name, value))
      } else {
        complain("there are more than \(Self.most) counts", member.name)
      }
    }
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= longestName else { return false }
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    return isLetter(first)
      && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
  }

  private mutating func complain(_ message: String, _ what: String) {
    complaints += 1
    if complaints <= 5 { log.warning(message, ["given": .string(what)]) }
  }
}
