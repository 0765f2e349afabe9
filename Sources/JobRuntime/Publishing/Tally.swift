import Redis

/// A sorted set to which several writers add, each of their steps once.
///
/// Beside it, in the same slot, are the last step of each writer and what its latest steps have added.
public struct Tally: Sendable {
  /// The sorted set's key.
  public var key: String
  /// The writer, whose steps form one sequence: a partition, for example.
  public var writer: String

  /// - Parameters:
  ///   - key: the sorted set's key.
  ///   - writer: names one sequence of steps; two runs at once must not use the same.
  public init(_ key: String, writer: String) { (self.key, self.writer) = (key, writer) }

  /// What is added in one operation.
  public struct Step: Sendable, Equatable {
    /// Names the step; no other step of the writer has this name.
    public var mark: String
    /// The mark of the step before it; empty for the first.
    public var previous: String
    /// The members to add to, each once.
    public var members: [String]
    /// The amount for each member, a number as text.
    public var deltas: [String]

    /// - Parameters:
    ///   - mark: names the step.
    ///   - previous: the mark of the step before it; empty for the first.
    ///   - members: the members to add to.
    ///   - deltas: as many numbers as there are members, in the same order.
    public init(mark: String, previous: String, members: [String], deltas: [String]) {
      (self.mark, self.previous, self.members, self.deltas) = (mark, previous, members, deltas)
    }
  }

  /// How many steps of a writer can be taken back.
  static let kept = 100

  /// The key of the last mark of each writer.
  func marks(_ owner: String) -> String { Replacement.companion(of: key, "tally", owner) }

  /// The sorted set, the marks, and what the writer's latest steps have added.
  func keys(_ owner: String) -> [String] {
    [key, marks(owner), Replacement.companion(of: key, "steps", "\(owner)/\(writer)")]
  }
}

/// The scripts that read and add to a tally.
///
/// `KEYS[1]` is the fence key, `KEYS[2…4]` are those of the tally, `ARGV[3]` is the writer.
///
/// Both answer with the writer's last mark; everything that can fail comes before the first change.
enum TallyScripts {
  /// Ends with an error where the user lacks a right: in the middle of a script that would be too late. (Redis 6 has no
  /// command for that.)
  static func rights(_ key: String) -> String {
    """
    for name, rest in pairs({
      zadd = {'incr', '1', 'm'}, zrem = {'m'}, hget = {'f'}, hset = {'f', 'v'}, exists = {}, unlink = {}, lpush = {'v'},
      ltrim = {'0', '1'}, lindex = {'0'}, lpop = {}})
    do
      if redis.acl_check_cmd and not redis.acl_check_cmd(name, \(key), unpack(rest)) then
        return redis.error_reply('NOPERM a script may not use ' .. name .. ' on ' .. \(key))
      end
    end
    """
  }

  /// `ARGV[4]` is the step's mark, `ARGV[5]` the one before it, `ARGV[6]` whether the set begins again where all marks
  /// are gone; members and deltas follow, alternating.
  static let adding = PublishingToken.script(
    """
    local at = redis.call('hget', KEYS[3], ARGV[3]) or ''
    if at == ARGV[4] or at ~= ARGV[5] then return {at} end
    redis.call('lindex', KEYS[4], 0)
    \(rights("KEYS[2]"))
    if ARGV[6] == '1' and redis.call('exists', KEYS[3]) == 0 then redis.call('unlink', KEYS[2], KEYS[4]) end
    redis.call('set', KEYS[1], mine)
    local added = {}
    for place = 7, #ARGV, 2 do
      if tonumber(redis.call('zadd', KEYS[2], 'incr', ARGV[place + 1], ARGV[place])) == 0 then
        redis.call('zrem', KEYS[2], ARGV[place])
      end
      added[#added + 1], added[#added + 2] = ARGV[place], ARGV[place + 1]
    end
    redis.call('hset', KEYS[3], ARGV[3], ARGV[4])
    redis.call('lpush', KEYS[4], cjson.encode({ARGV[4], ARGV[5], added}))
    redis.call('ltrim', KEYS[4], 0, \(Tally.kept - 1))
    return {ARGV[4]}
    """)

  /// Takes back the writer's last step, which is `ARGV[4]`, if that is still known.
  static let takingBack = PublishingToken.script(
    """
    local at = redis.call('hget', KEYS[3], ARGV[3]) or ''
    local last = redis.call('lindex', KEYS[4], 0)
    local step = last and cjson.decode(last)
    if at ~= ARGV[4] or not step or step[1] ~= at then return {at} end
    \(rights("KEYS[2]"))
    redis.call('set', KEYS[1], mine)
    for place = 1, #step[3], 2 do
      local delta = string.format('%.17g', -tonumber(step[3][place + 1]))
      if tonumber(redis.call('zadd', KEYS[2], 'incr', delta, step[3][place])) == 0 then
        redis.call('zrem', KEYS[2], step[3][place])
      end
    end
    redis.call('hset', KEYS[3], ARGV[3], step[2])
    redis.call('lpop', KEYS[4])
    return {step[2]}
    """)
}
