import JobRuntime

extension EventDrain {
  struct Report: JobReport {
    /// Entries that were read, whatever came of them.
    var read = 0
    var done = 0
    /// Events that another entry had brought before.
    var duplicates = 0
    /// Entries that were delivered once more, and done before.
    var redelivered = 0
    var ignored = 0
    /// Waiting events that were tried again.
    var retried = 0
    /// Events that wait at the end.
    var waiting = 0
    /// Dead letters.
    var failed = 0
    /// Entries that left the stream unread.
    var missed = 0
    /// Partitions of a topic that is not the one which was read before, and is read from its start.
    var rewound = 0
    var trimmed = 0
    var batches = 0
    var partitions = 0
    /// Unread and unacknowledged entries, as far as they can be counted.
    var behind = 0

    /// Since how long the oldest waiting event waits; 0 where none does.
    var oldestSeconds: Double?
    /// Why the run ended: `empty`, `time` or `max`.
    var endedBy = Ending.empty
    var types: [String: TypeCount] = [:]
    var positions: [String: String] = [:]

    var itemsProcessed: Int { done + failed }

    struct TypeCount: Encodable, Sendable {
      var done = 0
      var waiting = 0
      var failed = 0
    }

    enum Ending: String, Encodable, Sendable { case empty, time, max }

    /// How many types a result has at most; a stream may hold any number.
    private static let mostTypes = 50

    mutating func count(_ type: String, done: Int, waiting: Int, failed: Int) {
      (self.done, self.failed) = (self.done + done, self.failed + failed)
      guard types[type] != nil || types.count < Self.mostTypes else { return }
      types[type, default: TypeCount()].done += done
      types[type, default: TypeCount()].waiting += waiting
      types[type, default: TypeCount()].failed += failed
    }
  }
}
