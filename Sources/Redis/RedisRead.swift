/// A command that only reads, with its arguments: what a job may send by itself.
///
/// Shared keys are written through `run.publish`.
public struct RedisRead: Sendable, Equatable {
  /// The commands' names.
  ///
  /// Redis flags each of them `readonly`; a test asks it.
  public enum Name: Sendable, CaseIterable {
    case dbsize, exists, get, getrange, hget, hgetall, hkeys, hlen, hmget, hscan, hstrlen, lrange, mget, pttl, scan,
      scard, smembers,
      sscan,
      strlen, ttl, type, xlen, xrange, zcard, zrange, zscan, zscore

    var text: StaticString {
      switch self {
      case .dbsize: "DBSIZE"
      case .exists: "EXISTS"
      case .get: "GET"
      case .getrange: "GETRANGE"
      case .hget: "HGET"
      case .hgetall: "HGETALL"
      case .hkeys: "HKEYS"
      case .hlen: "HLEN"
      case .hmget: "HMGET"
      case .hscan: "HSCAN"
      case .hstrlen: "HSTRLEN"
      case .lrange: "LRANGE"
      case .mget: "MGET"
      case .pttl: "PTTL"
      case .scan: "SCAN"
      case .scard: "SCARD"
      case .smembers: "SMEMBERS"
      case .sscan: "SSCAN"
      case .strlen: "STRLEN"
      case .ttl: "TTL"
      case .type: "TYPE"
      case .xlen: "XLEN"
      case .xrange: "XRANGE"
      case .zcard: "ZCARD"
      case .zrange: "ZRANGE"
      case .zscan: "ZSCAN"
      case .zscore: "ZSCORE"
      }
    }
  }

  package let command: RedisCommand

  /// - Parameters:
  ///   - words: the first arguments.
  ///   - bytes: further arguments, of any bytes.
  public init(_ name: Name, _ words: String..., bytes: [[UInt8]] = []) {
    command = RedisCommand("\(name.text)", bytes: words.map { Array($0.utf8) } + bytes)
  }
}

extension RedisSession {
  /// Sends one command and returns its answer, copied.
  @discardableResult
  public mutating func command(_ read: RedisRead) throws(RedisError) -> RedisValue { try command(read.command) }

  /// Sends all commands at once and returns each one's answer, errors of single commands included.
  public mutating func pipeline(_ reads: [RedisRead]) throws(RedisError) -> [RedisValue] {
    try pipeline(reads.map(\.command))
  }

  /// Sends a command without waiting for its answer.
  public mutating func send(_ read: RedisRead) throws(RedisError) { try send(read.command) }

  /// Sends a command whose arguments are lent, for example the keys of an answer: nothing is copied but into the command
  /// itself.
  public mutating func send(_ name: RedisRead.Name, lent arguments: [LentBytes]) throws(RedisError) {
    try send(name.text, lent: arguments)
  }
}
