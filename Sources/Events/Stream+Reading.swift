import JobRuntime
import Redis

/// What a read of a stream has come to.
public struct StreamPage: Sendable {
  /// In the stream's order.
  public var entries: [Entry] = []
  /// The ids of all that were read, of entries that are gone, too.
  public var ids: [StreamID] = []
  /// Those that had left the stream before they were read.
  public var gone: [StreamID] = []
  /// Where the next page begins; `nil` where this was the last.
  public var next: StreamID?

  public var last: StreamID? { ids.last }
}

extension Stream {
  /// A larger answer is given up, and what was read is read again in smaller pages: in memory it takes several times as
  /// many bytes.
  static let largestAnswer = 6 * 1024 * 1024

  /// Reads entries after one, up to another, whether or not the group was given them.
  ///
  /// - Parameter most: how many at most.
  public func read(
    after: StreamID, upTo: StreamID, atMost most: Int, _ size: inout PageSize
  ) async throws -> StreamPage {
    try await fitting(&size, atMost: most) { count in
      try await entries(
        of: RedisCommand("XRANGE", key, "(\(after)", "\(upTo)", "COUNT", "\(count)"), named: "XRANGE")
    } alone: {
      guard let id = try await firstID(after: after), id <= upTo else { return StreamPage() }
      return StreamPage(entries: [tooLarge(id)], ids: [id])
    }
  }

  /// Reads what the group's consumer was given and has not acknowledged.
  ///
  /// - Parameter most: how many at most.
  public func pending(after: StreamID, atMost most: Int, _ size: inout PageSize) async throws -> StreamPage {
    try await fitting(&size, atMost: most) { count in
      try await entries(
        of: RedisCommand("XREADGROUP", "GROUP", group, group, "COUNT", "\(count)", "STREAMS", key, "\(after)"),
        named: "XREADGROUP", isOfStreams: true)
    } alone: {
      let command = RedisCommand("XPENDING", key, group, "(\(after)", "+", "1", group)
      let answer = try await attempt { session in try session.command(command) }
      guard let id = answer.elements.first?.elements.first?.text.flatMap(StreamID.init) else { return StreamPage() }
      return StreamPage(entries: [tooLarge(id)], ids: [id])
    }
  }

  /// Takes over what other consumers of the group were given and have left pending.
  ///
  /// - Parameter idle: for how long at least.
  public func claim(from: StreamID, idle: Duration, count: Int) async throws -> StreamPage {
    // What is claimed and not answered is pending under this consumer's name then.
    let command = RedisCommand(
      "XAUTOCLAIM", key, group, group, "\(idle.inMilliseconds)", "\(from)", "COUNT", "\(count)", "JUSTID")
    let answer = try await attempt { session in try session.command(command) }.elements
    guard answer.count >= 2, let next = answer[0].text.flatMap(StreamID.init) else {
      throw RedisError.unexpectedReply("XAUTOCLAIM answered something that is no list of entries")
    }
    var page = StreamPage()
    page.ids = answer[1].elements.compactMap { $0.text.flatMap(StreamID.init) }
    // Since Redis 7 it names what it has dropped from the list because the stream has it no more.
    if answer.count > 2 { page.gone = answer[2].elements.compactMap { $0.text.flatMap(StreamID.init) } }
    page.next = next == .start ? nil : next
    return page
  }

  /// Reads what the group was not given yet.
  ///
  /// - Parameters:
  ///   - most: how many at most.
  ///   - wait: how long to wait for it.
  /// - Returns: `nil` for entries that are too large to be read at once: the group was given them, and they are read
  ///   again as such.
  public func new(atMost most: Int, waiting wait: Duration, _ size: inout PageSize) async throws -> StreamPage? {
    let count = size.count(atMost: most)
    let block = wait > .zero ? [Array("BLOCK".utf8), Array("\(max(1, wait.inMilliseconds))".utf8)] : []
    let rest = ["STREAMS", key, ">"].map { Array($0.utf8) }
    let command = RedisCommand("XREADGROUP", "GROUP", group, group, "COUNT", "\(count)", bytes: block + rest)
    do {
      let page = try await entries(of: command, named: "XREADGROUP", isOfStreams: true)
      size.note(page)
      return page
    } catch RedisError.tooLarge {
      size.shrink(from: count)
      return nil
    }
  }

  // MARK: Answers

  /// - Parameter isOfStreams: whether the answer is a list of streams, each with its entries.
  private func entries(of command: RedisCommand, named name: String, isOfStreams: Bool = false) async throws
    -> StreamPage
  {
    try await attempt { session in
      try session.send(command)
      let answer = try session.receive(atMost: Self.largestAnswer, to: name).value
      let entries = isOfStreams ? answer.elements.first?.elements.last?.elements ?? [] : answer.elements
      var page = StreamPage()
      for element in entries {
        let entry = try StreamEntry(element)
        page.ids.append(entry.id)
        if entry.fields == nil {
          page.gone.append(entry.id)
        } else {
          page.entries.append(entry.entry(in: partition, field: field, atMost: most))
        }
      }
      return page
    }
  }

  /// Reads fewer and fewer entries while the answer is too large.
  ///
  /// - Parameter alone: reads one that is too large by itself.
  private func fitting(
    _ size: inout PageSize, atMost most: Int, _ read: (Int) async throws -> StreamPage,
    alone: () async throws -> StreamPage
  ) async throws -> StreamPage {
    while true {
      let count = size.count(atMost: most)
      do {
        let page = try await read(count)
        size.note(page)
        return page
      } catch RedisError.tooLarge {
        guard count > 1 else { return try await alone() }
        size.shrink(from: count)
      }
    }
  }

  private func tooLarge(_ id: StreamID) -> Entry {
    Entry.tooLarge("\(partition.name)/\(id)", bytes: nil, most: most)
  }

  /// The id of an entry that is too large to be read.
  private func firstID(after: StreamID) async throws -> StreamID? {
    let (key, start) = (key, "(\(after)")
    let answer = try await attempt { session in try session.run(Self.firstID, keys: [key], arguments: [start]) }
    return answer.text.flatMap(StreamID.init)
  }

  private static let firstID = Script(
    """
    local found = redis.call('xrange', KEYS[1], ARGV[1], '+', 'count', 1)
    return found[1] and found[1][1]
    """)
}
