public import JobRuntime
import Redis

/// One partition of a Redis stream, read by one consumer of a group: the holder of the job's lock is this consumer, so
/// entries that are pending under its name belong to no other consumer.
///
/// Each partition has its own connection: in a cluster it stays with the server that holds the partition.
public struct Stream: Sendable {
  /// The partition that is stored in this stream.
  public let partition: Partition
  /// The stream's key.
  public let key: String
  let group: String
  let field: [UInt8]
  /// The most bytes that an event may have.
  let most: Int
  let connection: RedisConnection

  /// - Parameters:
  ///   - group: also the name of its only consumer.
  ///   - field: the field of an entry that holds the envelope.
  ///   - most: the most bytes that an event may have.
  public init(
    _ partition: Partition, key: String, group: String, field: String, atMost most: Int, _ run: JobRun
  ) {
    (self.partition, self.key, self.group, self.most) = (partition, key, group, most)
    self.field = Array(field.utf8)
    connection = run.redisConnection.another()
  }

  /// The state of the group and of the stream at one moment.
  public struct Standing: Sendable {
    /// The last entry that was delivered to the group; `nil` where there is no group.
    public var delivered: StreamID?
    /// How many entries were delivered and not acknowledged.
    public var pending = 0
    /// The last entry that was ever added.
    public var last = StreamID.start
    /// How many entries are there.
    public var length = 0
    /// How many were ever added; `nil` before Redis 7.
    public var added: Int?
    /// How many entries were not delivered to the group yet, as Redis counts them: it may not know, or count too many.
    var lag: Int?

    /// How many entries are unread or not acknowledged.
    public var behind: Int {
      let unread = (delivered ?? .start) >= last ? 0 : min(lag ?? length, length)
      return unread + pending
    }
  }

  /// Reads the state of group and stream.
  public func standing() async throws -> Standing {
    try await attempt { session in
      let answers = try session.pipeline([
        RedisCommand("XINFO", "STREAM", key), RedisCommand("XINFO", "GROUPS", key),
      ])
      var standing = Standing()
      if case .error(let code, let message) = answers[0] {
        // There is no such key.
        guard code == "ERR", message.contains("no such key") else {
          throw RedisError.server(code: code, message: message)
        }
        return standing
      }
      let stream = answers[0].members
      standing.last = stream["last-generated-id"]?.text.flatMap(StreamID.init) ?? .start
      standing.length = Int(stream["length"]?.integer ?? 0)
      standing.added = stream["entries-added"]?.integer.map { Int($0) }
      if case .error(let code, let message) = answers[1] { throw RedisError.server(code: code, message: message) }
      guard let own = answers[1].elements.map(\.members).first(where: { $0["name"]?.text == group }) else {
        return standing
      }
      standing.delivered = own["last-delivered-id"]?.text.flatMap(StreamID.init)
      standing.pending = Int(own["pending"]?.integer ?? 0)
      standing.lag = own["lag"]?.integer.map { Int($0) }
      return standing
    }
  }

  /// Creates the group, and the stream where there is none.
  public func makeGroup(at id: StreamID) async throws {
    try await attempt { session in
      do {
        try session.command(RedisCommand("XGROUP", "CREATE", key, group, "\(id)", "MKSTREAM"))
      } catch RedisError.server(code: "BUSYGROUP", _) {}  // Another run was quicker.
    }
  }

  /// Acknowledges entries.
  public func acknowledge(_ ids: [StreamID]) async throws {
    guard !ids.isEmpty else { return }
    try await attempt { session in
      try session.command(RedisCommand("XACK", key, group, bytes: ids.map { Array("\($0)".utf8) }))
    }
  }

  /// Closes the partition's connection; the stream cannot be used afterwards.
  public func close() async { await connection.close() }

  /// Lends the connection, and explains a refusal that is about the stream.
  @discardableResult
  func attempt<Value: Sendable>(_ body: @Sendable (inout RedisSession) throws -> Value) async throws -> Value {
    do { return try await connection.withSession(body) } catch RedisError.server(code: "WRONGTYPE", _) {
      throw JobFailure(
        .misconfigured, "the key \(key), which EVENTS_STREAM names, is not a stream",
        hint: "Name the stream's key, or delete the present value.")
    }
  }
}

extension RedisValue {
  /// The members of an array of alternating names and values.
  var members: [String: RedisValue] {
    let elements = elements
    var members: [String: RedisValue] = [:]
    for place in stride(from: 0, to: elements.count - 1, by: 2) {
      if let name = elements[place].text { members[name] = elements[place + 1] }
    }
    return members
  }
}
