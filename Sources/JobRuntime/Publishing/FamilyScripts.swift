import Redis

/// The scripts that write keys of a family, each in one step. Everything that can fail comes before the first change.
///
/// `KEYS[1]` is the fence key. `ARGV[3]` is `family`, or `each`: then there is one key, and its fence key lives as long
/// as it does. They answer with the positions of the keys that were left as they are.
enum FamilyScripts {
  /// `KEYS[2…]` are the keys. `ARGV[4]` are the commands that must not be refused half-way. For each key follow the
  /// command that fills it, its life, its condition, how many arguments there are, and these.
  static let filling = PublishingToken.script(
    """
    for command in string.gmatch(ARGV[4], '%a+') do
      if redis.acl_check_cmd and not redis.acl_check_cmd(command, KEYS[2], '1', '1') then
        return redis.error_reply('NOPERM a script may not use ' .. command)
      end
    end
    redis.call('set', KEYS[1], mine)
    local untouched, at = {}, 5
    for number = 2, #KEYS do
      local key, command, life, count = KEYS[number], ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 3])
      local first = at + 4
      \(isFresh("key", least: "ARGV[at + 2]"))
      at = first + count
      if isFresh then
        untouched[#untouched + 1] = number - 2
      elseif command == 'SET' then
        if life == '0' then
          redis.call('set', key, ARGV[first])
        else
          redis.call('set', key, ARGV[first], 'px', life)
        end
      else
        redis.call('unlink', key)
        if count > 0 then
          redis.call(command, key, unpack(ARGV, first, at - 1))
          if life ~= '0' then redis.call('pexpire', key, life) end
        end
      end
    end
    \(endFence(life: "ARGV[6]"))
    return untouched
    """)

  /// `KEYS[2]` is the key, `KEYS[3]` where its new content was built. `ARGV[4]` is its life, `ARGV[5]` its condition.
  static let placing = PublishingToken.script(
    """
    if redis.call('exists', KEYS[3]) == 0 then return 'gone' end
    redis.call('set', KEYS[1], mine)
    local untouched, key, life = {}, KEYS[2], ARGV[4]
    \(isFresh("key", least: "ARGV[5]"))
    if isFresh then
      untouched = {0}
      redis.call('unlink', KEYS[3])
    else
      redis.call('unlink', key)
      if life == '0' then redis.call('persist', KEYS[3]) else redis.call('pexpire', KEYS[3], life) end
      redis.call('rename', KEYS[3], key)
    end
    \(endFence(life: "life"))
    return untouched
    """)

  /// Whether a key has enough life left to be left as it is. -1 is a key that never expires, -2 one that does not
  /// exist.
  private static func isFresh(_ key: String, least: String) -> String {
    """
    local least, isFresh = tonumber(\(least)), false
      if least then
        local left = redis.call('pttl', \(key))
        isFresh = left == -1 or left >= least
      end
    """
  }

  /// The fence key of a single key expires with it, or when the removed key would have expired.
  private static func endFence(life: String) -> String {
    """
    if ARGV[3] == 'each' then
      local left = redis.call('pttl', KEYS[2])
      if left == -2 then left = tonumber(\(life)) end
      if left > 0 then redis.call('pexpire', KEYS[1], left) end
    end
    """
  }
}
