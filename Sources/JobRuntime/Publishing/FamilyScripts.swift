import Redis

/// The scripts that write keys of a family, each in one step.
///
/// Everything that can fail comes before the first change.
///
/// `KEYS[1]` is the fence key. `ARGV[3]` is `family`, or `each`: then there is one key, and its fence key lives as long
/// as it does. They answer with the positions of the keys that were left as they are.
enum FamilyScripts {
  /// Keeps older runs from the family.
  static let claiming = script(
    """
    redis.call('set', KEYS[1], mine)
    return 'done'
    """)

  /// Fills the keys.
  ///
  /// `KEYS[2…]` are the keys.
  ///
  /// `ARGV[4]` are the commands that must not be refused half-way. For each key follow the command that fills it, its
  /// life, its condition, how many arguments there are, and these.
  static let filling = script(
    """
    for command in string.gmatch(ARGV[4], '%a+') do
      if redis.acl_check_cmd and not redis.acl_check_cmd(command, KEYS[2], '1', '1') then
        return redis.error_reply('NOPERM a script may not use ' .. command)
      end
    end
    \(now)
    redis.call('set', KEYS[1], mine)
    local untouched, at = {}, 5
    for number = 2, #KEYS do
      local key, command, life, count = KEYS[number], ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 3])
      local first = at + 4
      \(isLeft("key", terms: "ARGV[at + 2]"))
      at = first + count
      if isLeft then
        untouched[#untouched + 1] = number - 2
      elseif command == 'SET' and terms == '\(FamilyEntry.differingTerms)' and \(holds("key", "ARGV[first]")) then
        \(renew("key"))
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

  /// Puts content that was built beside a key in its place.
  ///
  /// `KEYS[2]` is the key, `KEYS[3]` where its new content was built.
  ///
  /// `ARGV[4]` is its life, `ARGV[5]` its condition.
  static let placing = script(
    """
    if redis.call('exists', KEYS[3]) == 0 then return 'gone' end
    \(now)
    redis.call('set', KEYS[1], mine)
    local untouched, key, life = {}, KEYS[2], ARGV[4]
    \(isLeft("key", terms: "ARGV[5]"))
    if isLeft then
      untouched = {0}
      redis.call('unlink', KEYS[3])
    elseif terms == '\(FamilyEntry.differingTerms)' and \(holds("key", "redis.pcall('get', KEYS[3])")) then
      redis.call('unlink', KEYS[3])
      \(renew("key"))
    else
      redis.call('unlink', key)
      if life == '0' then redis.call('persist', KEYS[3]) else redis.call('pexpire', KEYS[3], life) end
      redis.call('rename', KEYS[3], key)
    end
    \(endFence(life: "life"))
    return untouched
    """)

  /// A script like `PublishingToken.script`, for a family of which each share of the work has keys.
  ///
  /// Shares of one division have different keys, so none of them keeps another from writing, and each has a line in the
  /// fence key; any two other runs may mean the same key. Of other divisions the newest is remembered, for runs that
  /// are older than both. The highest number comes first.
  private static func script(_ rest: String) -> Script {
    Script(
      """
      local function share(text) return string.match(text, ' of shard (%d+)/(%d+)') end
      local function number(text) return tonumber(string.match(text, '^%d+') or '0') end
      local index, count = share(ARGV[2])
      local mine, lines, other = ARGV[1] .. ARGV[2], {}, nil
      for line in string.gmatch(redis.call('get', KEYS[1]) or '', '[^\\n]+') do
        local itsIndex, itsCount = share(line)
        if index and itsCount == count and itsIndex ~= index then
          lines[#lines + 1] = line
        else
          local own = tonumber(ARGV[1])
          if number(line) > own or (number(line) == own and line ~= mine) then return line end
          if index and itsCount ~= count and number(line) > number(other or '0') then other = line end
        end
      end
      lines[#lines + 1] = mine
      lines[#lines + 1] = other
      table.sort(lines, function(one, two) return number(one) > number(two) end)
      mine = table.concat(lines, '\\n')

      """ + rest)
  }

  /// Whether a key holds a string that is the same. (Of a key of another kind `pcall` returns a table.)
  private static func holds(_ key: String, _ text: String) -> String { "redis.pcall('get', \(key)) == \(text)" }

  private static func renew(_ key: String) -> String {
    "if life == '0' then redis.call('persist', \(key)) else redis.call('pexpire', \(key), life) end"
  }

  /// The server's time in milliseconds.
  private static let now = """
    local time = redis.call('time')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    """

  /// Whether a key is left as it is, by its condition.
  ///
  /// A remaining life of -1 is that of a key that never expires, -2 that of one that does not exist.
  private static func isLeft(_ key: String, terms: String) -> String {
    """
    local terms, isLeft = \(terms), false
      if terms ~= '' and terms ~= '\(FamilyEntry.differingTerms)' then
        local left = redis.call('pttl', \(key))
        local earliest, latest = string.match(terms, '^(%d+) (%d+)$')
        if terms == '\(KeyExpiry.missingTerms)' then
          isLeft = left ~= -2
        elseif terms == '\(KeyExpiry.neverTerms)' then
          isLeft = left ~= -1
        elseif not earliest then
          isLeft = left == -1 or left >= tonumber(terms)
        elseif left == -2 then
          isLeft = now < tonumber(earliest)
        else
          isLeft = left == -1 or now + left < tonumber(earliest) or now + left > tonumber(latest)
        end
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
