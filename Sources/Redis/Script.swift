/// A Lua script that the server keeps: sent once, then called by its name.
///
/// The server's name for it is learnt from `SCRIPT LOAD`, so no digest is computed here.
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

    fileprivate var words: [[UInt8]] { ([String(keys.count)] + keys + arguments).map { Array($0.utf8) } }
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
        return try command(RedisCommand("EVALSHA", name, bytes: call.words))
      } catch {
        guard case .server("NOSCRIPT", _) = error else { throw error }
        scriptNames[script] = nil
      }
    }
    // EVAL leaves the script in the server's cache; its name is asked for in the same round trip.
    try send(RedisCommand("SCRIPT", "LOAD", script.source))
    try send(RedisCommand("EVAL", script.source, bytes: call.words))
    let name = try receiveValue()
    let answer = try receive()
    if let name = name.text { scriptNames[script] = name }
    return answer.value
  }

  /// Runs a script for each call. All are sent before the first answer is read.
  ///
  /// - Returns: each one's answer, errors of single calls included.
  package mutating func run(_ script: Script, calls: [Script.Call]) throws(RedisError) -> [RedisValue] {
    guard !calls.isEmpty else { return [] }
    let name = try name(of: script)
    for call in calls { try send(RedisCommand("EVALSHA", name, bytes: call.words)) }
    var answers: [RedisValue] = []
    for _ in calls { answers.append(try receiveValue()) }
    for (index, call) in calls.enumerated() {
      guard case .error("NOSCRIPT", _) = answers[index] else { continue }
      // The server has forgotten it meanwhile.
      scriptNames[script] = nil
      try send(RedisCommand("EVAL", script.source, bytes: call.words))
      answers[index] = try receiveValue()
    }
    return answers
  }

  private mutating func name(of script: Script) throws(RedisError) -> String {
    if let name = scriptNames[script] { return name }
    guard let name = try command(RedisCommand("SCRIPT", "LOAD", script.source)).text else {
      throw .unexpectedReply("SCRIPT LOAD answered something that is no name")
    }
    scriptNames[script] = name
    return name
  }
}
