import JobRuntime
import Redis

/// The result of reading a stream.
public struct StreamPage: Sendable {
  /// In the stream's order.
  public var entries: [Entry] = []
  /// The ids of all entries that were read, including entries that are gone.
  public var ids: [StreamID] = []
  /// The ids of entries that had left the stream before they were read.
  public var gone: [StreamID] = []
  /// Where the next page begins; `nil` where this was the last.
  public var next: StreamID?

  /// The id of the page's last entry, gone ones included; `nil` for an empty page.
  public var last: StreamID? { ids.last }
}

extension Stream {
  /// A larger answer is given up, and its entries are read again in smaller pages: in memory it takes several times as
  /// many bytes.
  static let largestAnswer = 6 * 1024 * 1024

  /// Reads entries after one, up to another, whether or not they were delivered to the group.
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

  /// Reads the entries that were delivered to the group's consumer and that it has not acknowledged.
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

  /// Takes over entries that were delivered to other consumers of the group and that they have left pending.
  ///
  /// - Parameter idle: for how long at least.
  public func claim(from: StreamID, idle: Duration, count: Int) async throws -> StreamPage {
    // Entries that are claimed by an answer that is lost are pending under this consumer's name afterwards.
    let command = RedisCommand(
      "XAUTOCLAIM", key, group, group, "\(idle.inMilliseconds)", "\(from)", "COUNT", "\(count)", "JUSTID")
    let answer = try await attempt { session in try session.command(command) }.elements
    guard answer.count >= 2, let next = answer[0].text.flatMap(StreamID.init) else {
      throw RedisError.unexpectedReply("the answer to XAUTOCLAIM is not a list of entries")
    }
    var page = StreamPage()
    page.ids = answer[1].elements.compactMap { $0.text.flatMap(StreamID.init) }
    // Since Redis 7 the answer names entries that were dropped from the list because the stream no longer has them.
    if answer.count > 2 { page.gone = answer[2].elements.compactMap { $0.text.flatMap(StreamID.init) } }
    page.next = next == .start ? nil : next
    return page
  }

  /// Reads entries that were not delivered to the group yet.
  ///
  /// - Parameters:
  ///   - most: how many at most.
  ///   - wait: how long to wait for it.
  /// - Returns: `nil` for entries that are too large to be read at once: they are delivered to the group now, and are
  ///   read again as pending.
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

  /// Reads fewer and fewer entries as long as the answer is too large.
  ///
  /// - Parameter alone: reads an entry that is too large by itself.
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
