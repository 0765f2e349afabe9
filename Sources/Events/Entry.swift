public import JobRuntime

/// An event as its source delivers it.
///
/// Only Postgres parses it (`oneshot.event_read`).
public struct Entry: Sendable {
  /// Its place in the source, which is also its id if it has none itself: `redis:events:job/0/1795969237467-0`.
  public let location: String
  /// Its id, if it is not its location.
  public let id: String?
  /// What the event says.
  public let content: Content

  /// The entry's text, before Postgres has parsed it.
  public enum Content: Sendable {
    /// The envelope, as text.
    case envelope(String)
    /// The envelope's members, each a text: an object made of the fields of an entry.
    case fields(String)
    /// An entry that cannot be sent to Postgres: the reason, and what a dead letter keeps of it.
    case unreadable(problem: String, JSON)
  }

  /// - Parameter id: `nil` where the location is the id.
  public init(location: String, id: String? = nil, content: Content) {
    (self.location, self.id, self.content) = (location, id, content)
  }

  /// - Parameters:
  ///   - envelope: as it was sent.
  ///   - most: how many bytes an event may have.
  public init(location: String, envelope: [UInt8], atMost most: Int) {
    if envelope.count > most {
      self = .tooLarge(location, bytes: envelope.count, most: most)
    } else if let text = Self.text(envelope) {
      self.init(location: location, content: .envelope(text))
    } else {
      self = .noText(location, envelope)
    }
  }

  /// Postgres stores no NUL and nothing that is not UTF-8.
  static func text(_ bytes: [UInt8]) -> String? {
    bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
  }

  static func noText(_ location: String, _ bytes: [UInt8]) -> Entry {
    Entry(
      location: location,
      content: .unreadable(
        problem: bytes.contains(0) ? "it holds a NUL" : "it is not UTF-8",
        ["location": .string(location), "base64": .string(base64(bytes))]))
  }

  static func tooLarge(_ location: String, bytes: Int?, most: Int) -> Entry {
    let size = bytes.map { "\($0) bytes" } ?? "more bytes than a run reads at once"
    return Entry(
      location: location,
      content: .unreadable(
        problem: "it has \(size); EVENTS_MAX_BYTES is \(most)",
        ["location": .string(location), "left_out": .string(size)]))
  }

  /// Its part of a batch's size, in bytes.
  public var size: Int { location.utf8.count + (payload?.utf8.count ?? 0) }

  var payload: String? {
    switch content {
    case .envelope(let text), .fields(let text): text
    case .unreadable: nil
    }
  }

  var isFields: Bool { if case .fields = content { true } else { false } }

  var problem: String? { if case .unreadable(let problem, _) = content { problem } else { nil } }

  /// The payload of the dead letter for an entry that Postgres could not read.
  public var rest: JSON {
    switch content {
    case .envelope(let text): ["location": .string(location), "text": .string(text)]
    case .fields(let text): ["location": .string(location), "text": .string(text), "is_fields": true]
    case .unreadable(_, let kept): kept
    }
  }
}

extension [Entry] {
  /// The same entries in batches of at most this many bytes; a larger entry is alone in its batch.
  public func batches(ofBytes most: Int) -> [[Entry]] {
    var batches: [[Entry]] = []
    var bytes = 0
    for entry in self {
      if batches.isEmpty || bytes + entry.size > most {
        batches.append([])
        bytes = 0
      }
      batches[batches.count - 1].append(entry)
      bytes += entry.size
    }
    return batches
  }
}
