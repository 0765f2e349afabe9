import JobRuntime
import Redis

/// An entry of a stream, as Redis returned it.
struct StreamEntry {
  let id: StreamID
  /// Alternating names and values; `nil` for an entry that has left the stream while it was pending.
  let fields: [[UInt8]]?

  /// Reads `[id, [name, value, …]]`.
  init(_ value: RedisValue) throws(RedisError) {
    guard value.elements.count == 2, let text = value.elements[0].text, let id = StreamID(text) else {
      throw .unexpectedReply("a stream's entry is not an id with fields")
    }
    self.id = id
    guard case .array(let fields) = value.elements[1] else {
      self.fields = nil
      return
    }
    self.fields = fields.map { field in if case .bytes(let bytes) = field { bytes } else { [] } }
  }

  /// The entry as event-drain reads it.
  ///
  /// - Parameters:
  ///   - partition: the partition that it belongs to.
  ///   - field: the field that holds the envelope. In an entry without it the fields are the envelope's members.
  ///   - most: how many bytes an event may have.
  func entry(in partition: Partition, field: [UInt8], atMost most: Int) -> Entry {
    let location = "\(partition.name)/\(id)"
    let fields = fields ?? []
    let size = fields.reduce(0) { $0 + $1.count }
    guard size <= most else { return .tooLarge(location, bytes: size, most: most) }
    let names = stride(from: 0, to: fields.count - 1, by: 2)
    if let place = names.first(where: { fields[$0] == field }) {
      return Entry(location: location, envelope: fields[place + 1], atMost: most)
    }
    var members: [(String, JSON)] = []
    for place in names {
      guard let name = Entry.text(fields[place]), let value = Entry.text(fields[place + 1]) else {
        return .noText(location, fields[place] + [UInt8(ascii: "=")] + fields[place + 1])
      }
      members.append((name, .string(value)))
    }
    return Entry(location: location, content: .fields(JSON(members: members).text))
  }
}
