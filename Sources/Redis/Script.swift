/// A Lua script that the server keeps: sent once, then called by its name.
///
/// `SCRIPT LOAD` answers with the server's name for it, so no digest is computed here.
package struct Script: Sendable, Hashable {
  package let source: String

  package init(_ source: String) { self.source = source }

  /// What one call of a script is given.
  package struct Call: Sendable {
    package var keys: [String]
    package var arguments: [String]

    package init(keys: [String], arguments: [String]) {
      self.keys = keys
      self.arguments = arguments
    }
  }
}

extension RedisSession {
  /// Runs a script by its name; a server that does not know it (any more) is given the text.
  @discardableResult
  package mutating func run(
    _ script: Script, keys: [String], arguments: [String] = []
  ) throws(RedisError) -> RedisValue {
    let call = Script.Call(keys: keys, arguments: arguments)
    if let name = scriptNames[script] {
      do throws(RedisError) {
        try send("EVALSHA", name, call)
        return try receive().value
      } catch {
        guard case .server("NOSCRIPT", _) = error else { throw error }
        scriptNames[script] = nil
      }
    }
    // EVAL leaves the script in the server's cache; the same round trip asks for its name.
    try send(RedisCommand("SCRIPT", "LOAD", script.source))
    try send("EVAL", script.source, call)
    let name = try receiveValue()
    let answer = try receive()
    if let name = name.text { scriptNames[script] = name }
    return answer.value
  }

  /// How many calls are under way at most.
  ///
  /// The server works on them while the next one is assembled.
  private static let callsAhead = 8

  /// Runs a script many times.
  ///
  /// - Parameters:
  ///   - count: how often.
  ///   - call: what each call is given.
  ///   - take: takes the answer to each call, errors included. When it throws, no further call is sent, and its error
  ///     is thrown once all sent calls are answered.
  package mutating func run(
    _ script: Script, times count: Int, _ call: (Int) -> Script.Call, take: (Int, RedisValue) throws -> Void
  ) throws {
    guard count > 0 else { return }
    let name = try name(of: script)
    var (sent, forgotten, failure) = (0, [Int](), (any Error)?.none)
    var answered = 0
    while answered < sent || sent < count && failure == nil {
      if sent < count, failure == nil, sent - answered < Self.callsAhead {
        try send("EVALSHA", name, call(sent))
        sent += 1
        continue
      }
      let answer = try receiveValue()
      if case .error("NOSCRIPT", _) = answer {
        forgotten.append(answered)
      } else if failure == nil {
        do { try take(answered, answer) } catch { failure = error }
      }
      answered += 1
    }
    if let failure { throw failure }
    // The server has lost the script meanwhile.
    if !forgotten.isEmpty { scriptNames[script] = nil }
    for index in forgotten {
      try send("EVAL", script.source, call(index))
      try take(index, try receiveValue())
    }
  }

  private mutating func send(_ command: String, _ script: String, _ call: Script.Call) throws(RedisError) {
    try send(words: [command, script, String(call.keys.count)], call.keys, call.arguments)
  }

  private mutating func name(of script: Script) throws(RedisError) -> String {
    if let name = scriptNames[script] { return name }
    guard let name = try command(RedisCommand("SCRIPT", "LOAD", script.source)).text else {
      throw .unexpectedReply("the answer to SCRIPT LOAD is not a name")
    }
    scriptNames[script] = name
    return name
  }
}
