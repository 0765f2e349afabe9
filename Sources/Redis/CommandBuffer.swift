/// Commands as they go over the wire (RESP): the number of words, then each word after its length, so nothing in a word
/// is syntax.
///
/// Each word is copied once, into the buffer that is sent.
struct CommandBuffer {
  private(set) var bytes: [UInt8] = []

  /// Begins a command of this many words, which have to follow.
  mutating func begin(words: Int) { line(UInt8(ascii: "*"), words) }

  mutating func append(_ word: [UInt8]) {
    line(UInt8(ascii: "$"), word.count)
    bytes += word
    end()
  }

  mutating func append(_ word: String) {
    line(UInt8(ascii: "$"), word.utf8.count)
    bytes += word.utf8
    end()
  }

  mutating func append(_ word: LentBytes) {
    line(UInt8(ascii: "$"), word.count)
    bytes += word
    end()
  }

  /// Forgets what was sent, and keeps the memory.
  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  private mutating func line(_ mark: UInt8, _ number: Int) {
    bytes.append(mark)
    bytes += String(number).utf8
    end()
  }

  private mutating func end() {
    bytes.append(UInt8(ascii: "\r"))
    bytes.append(UInt8(ascii: "\n"))
  }
}
