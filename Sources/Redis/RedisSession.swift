import BlockingIO
import CHiredis

/// A connection, lent to one piece of synchronous work.
///
/// Commands may be sent ahead (`send`); their answers come later in the same order (`receive`). After an error of the
/// connection, or a missing answer, the session is dead, so no answer is ever taken for that of another command.
public struct RedisSession: ~Copyable {
  private let reader: ReaderHandle
  var transport: Transport
  /// The longest wait for one answer.
  var limit: Duration
  private let input: UnsafeMutableRawBufferPointer
  /// The server's names for the scripts that it was given.
  var scriptNames: [Script: String] = [:]
  /// Commands that wait to be written: many are sent in one piece, at the latest before an answer is read.
  private var output = CommandBuffer()
  private static let outputRoom = 64 * 1024
  /// Answers that are still owed.
  private var owed = 0
  private(set) var isUsable = true

  init(adopting transport: consuming Transport, limit: Duration) throws(RedisError) {
    guard let reader = redisReaderCreate() else { throw .connection("out of memory") }
    self.reader = ReaderHandle(adopting: reader)
    self.transport = transport
    self.limit = limit
    input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
  }

  deinit { input.deallocate() }

  /// Whether the next command may use it.
  var isIdle: Bool { isUsable && owed == 0 }

  /// Sends one command and returns its answer, copied.
  @discardableResult
  package mutating func command(_ command: RedisCommand) throws(RedisError) -> RedisValue {
    try send(command)
    return try receive(to: command.name).value
  }

  /// Sends all commands at once and returns each one's answer, errors of single commands included.
  package mutating func pipeline(_ commands: [RedisCommand]) throws(RedisError) -> [RedisValue] {
    for command in commands { try send(command) }
    var answers: [RedisValue] = []
    for command in commands { answers.append(try receiveAny(to: command.name).value) }
    return answers
  }

  /// Sends a command without waiting for its answer.
  package mutating func send(_ command: RedisCommand) throws(RedisError) {
    try write(words: command.arguments.count) { output in
      for argument in command.arguments { output.append(argument) }
    }
  }

  /// Sends a command whose arguments are lent, for example the keys of an answer: nothing is copied
  /// but into the command itself.
  package mutating func send(_ name: StaticString, lent arguments: [LentBytes]) throws(RedisError) {
    try write(words: arguments.count + 1) { output in
      output.append(LentBytes(start: name.utf8Start, count: name.utf8CodeUnitCount))
      for argument in arguments { output.append(argument) }
    }
  }

  /// Sends a command whose words are texts.
  mutating func send(words first: [String], _ more: [String]...) throws(RedisError) {
    try write(words: more.reduce(first.count) { $0 + $1.count }) { output in
      for word in first { output.append(word) }
      for words in more { for word in words { output.append(word) } }
    }
  }

  /// Takes the next answer, to be read in place.
  ///
  /// An error answer is thrown.
  ///
  /// - Parameters:
  ///   - bytes: how large it may be; see `AnswerSize`. A larger answer is given up, and the connection with it
  ///     (`RedisError.tooLarge`), so that neither this side nor the server keeps the rest in memory.
  ///   - command: what it answers, for that error.
  public mutating func receive(
    atMost bytes: Int = AnswerSize.largest, to command: @autoclosure () -> String = ""
  ) throws(RedisError) -> RedisReply {
    let reply = try receiveAny(atMost: bytes, to: command())
    if let error = reply.error {
      if !error.leavesConnectionUsable { isUsable = false }
      throw error
    }
    return reply
  }

  /// Takes the next answer, copied; an error answer comes as a value too.
  public mutating func receiveValue() throws(RedisError) -> RedisValue { try receiveAny().value }

  /// Asks for a page of keys.
  ///
  /// - Parameters:
  ///   - cursor: "0" for the first page, then the last page's.
  ///   - count: how many keys the server looks at.
  public mutating func sendScan(cursor: String, match pattern: String, count: Int) throws(RedisError) {
    try send(RedisCommand("SCAN", cursor, "MATCH", pattern, "COUNT", String(count)))
  }

  /// Scans names of any size: a name that is longer than this many bytes comes as its beginning and the SHA-1 of the
  /// whole.
  ///
  /// Needs the right to `EVAL`; the server examines each name, so it is for keyspaces that have such names.
  public mutating func sendScan(
    cursor: String, match pattern: String, count: Int, cuttingNamesAt longest: Int
  ) throws(RedisError) {
    let script = """
      local page, longest = redis.call('scan', ARGV[1], 'match', ARGV[2], 'count', ARGV[3]), tonumber(ARGV[4])
      for i, name in ipairs(page[2]) do
        if #name > longest then page[2][i] = string.sub(name, 1, longest) .. redis.sha1hex(name) end
      end
      return page
      """
    try send(RedisCommand("EVAL", script, "0", cursor, pattern, String(count), String(longest)))
  }

  /// Takes the answer to `sendScan`.
  ///
  /// - Parameter bytes: as in `receive`.
  public mutating func receiveScanPage(atMost bytes: Int = AnswerSize.largest) throws(RedisError) -> ScanPage {
    try ScanPage(receive(atMost: bytes, to: "SCAN"))
  }

  /// Takes the next answer, whatever it is.
  private mutating func receiveAny(
    atMost bytes: Int = AnswerSize.largest, to command: @autoclosure () -> String = ""
  ) throws(RedisError) -> RedisReply {
    let deadline = ContinuousClock.now + limit
    var size = AnswerSize()
    do throws(RedisError) {
      while true {
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader.pointer, &reply) == REDIS_OK else {
          throw .unexpectedReply("the answer is not in the protocol of Redis: \(protocolError)")
        }
        if let reply {
          owed -= 1
          return RedisReply(adopting: reply.assumingMemoryBound(to: redisReply.self))
        }
        do throws(RedisError) { try flush() } catch {
          // A server that has closed the connection may have said why before: that is still there to be read.
          guard case .connection = error else { throw error }
        }
        let count = try transport.read(into: input, until: deadline)
        size.add(UnsafeRawBufferPointer(rebasing: input[..<count]))
        guard size.bytes <= bytes else { throw .tooLarge(AnswerSize.complaint(about: command(), atMost: bytes)) }
        redisReaderFeed(reader.pointer, input.baseAddress?.assumingMemoryBound(to: CChar.self), count)
      }
    } catch {
      isUsable = false
      throw error
    }
  }

  private mutating func write(words: Int, _ append: (inout CommandBuffer) -> Void) throws(RedisError) {
    guard isUsable else { throw .connection("the connection was given up") }
    output.begin(words: words)
    append(&output)
    owed += 1
    if output.bytes.count >= Self.outputRoom { try flush() }
  }

  /// Writes the waiting commands, so that the server begins before the next answer is read.
  ///
  /// Redis keeps answers that nobody reads yet in its own memory, so a long pipeline does not make both sides wait for
  /// each other.
  public mutating func flush() throws(RedisError) {
    guard !output.bytes.isEmpty else { return }
    let deadline = ContinuousClock.now + limit
    do throws(RedisError) {
      try output.bytes.withUnsafeBufferPointer { (bytes: UnsafeBufferPointer<UInt8>) throws(RedisError) in
        try transport.write(UnsafeRawBufferPointer(bytes), until: deadline)
      }
      output.removeAll()
    } catch {
      isUsable = false
      throw error
    }
  }

  private var protocolError: String {
    withUnsafeBytes(of: reader.pointer.pointee.errstr) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
