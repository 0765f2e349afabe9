import Redis

/// Keys of one family to be written to one server, with the fencing token.
struct FamilyPublication: Sendable {
  /// What keeps older runs from a key.
  enum Fencing: Sendable {
    /// One fence key for the whole family. A script writes many keys at once.
    case family
    /// A fence key beside each key, which lives as long as the key: in a cluster, where all keys of a script must have
    /// one slot.
    case eachKey
  }

  var entries: [FamilyEntry]
  var token: PublishingToken
  var runID: RunID
  var fencing = Fencing.family

  /// How many keys one script writes.
  ///
  /// It blocks the server for less than 3 ms.
  private static let keysAtOnce = 100

  /// Keeps older runs from publishing keys of the family from now on.
  static func claim(by token: PublishingToken, _ session: inout RedisSession) throws {
    try token.pass(FamilyScripts.claiming, keys: [], arguments: [], &session)
  }

  /// - Returns: the keys that were left as they are.
  /// - Throws: `JobFailure` of kind `fenced` if a newer run has published keys of the family.
  func carryOut(_ session: inout RedisSession) throws -> [String] {
    var (kept, large): ([String], [FamilyEntry]) = ([], [])
    let small = entries.filter { entry in
      let isSmall = entry.isSmall
      if !isSmall { large.append(entry) }
      return isSmall
    }
    let chunks = chunks(of: small)
    try session.run(FamilyScripts.filling, times: chunks.count) { index in
      call(chunks[index])
    } take: { index, answer in
      let chunk = chunks[index]
      try token(for: chunk[chunk.startIndex]).judge(answer)
      kept += answer.elements.compactMap(\.integer).map { chunk[chunk.startIndex + Int($0)].key }
    }
    for entry in large {
      let isWritten = try place(entry, &session)
      if !isWritten { kept.append(entry.key) }
    }
    return kept
  }

  /// The entries that each script writes.
  private func chunks(of small: [FamilyEntry]) -> [ArraySlice<FamilyEntry>] {
    let count =
      switch fencing {
      case .family: Self.keysAtOnce
      case .eachKey: 1
      }
    return stride(from: 0, to: small.count, by: count).map { small[$0..<min($0 + count, small.count)] }
  }

  private func token(for entry: FamilyEntry) -> PublishingToken {
    switch fencing {
    case .family: token
    case .eachKey: token.moved(to: Replacement.companion(of: entry.key, "fence", token.owner))
    }
  }

  private var mode: String {
    switch fencing {
    case .family: "family"
    case .eachKey: "each"
    }
  }

  private func call(_ chunk: ArraySlice<FamilyEntry>) -> Script.Call {
    let token = token(for: chunk[chunk.startIndex])
    var arguments = token.credentials + [mode, chunk.needed]
    for entry in chunk {
      let content = entry.replacement.content
      let filling = content.arguments
      arguments += [content.command, entry.life, entry.terms, String(filling.count)]
      arguments += filling
    }
    return Script.Call(keys: [token.key] + chunk.map(\.key), arguments: arguments)
  }

  /// Builds a large content beside its key and puts it in place in one step.
  ///
  /// - Returns: whether it was put in place; otherwise the key was left as it is.
  private func place(_ entry: FamilyEntry, _ session: inout RedisSession) throws -> Bool {
    let new = Replacement.companion(of: entry.key, "new", runID.description)
    // An earlier attempt of this run may have left some of it.
    try session.carryOut([RedisCommand("UNLINK", new)] + entry.replacement.build(under: new))
    let token = token(for: entry)
    let answer = try session.run(
      FamilyScripts.placing, keys: [token.key, entry.key, new],
      arguments: token.credentials + [mode, entry.life, entry.terms])
    try token.judge(answer)
    return answer.elements.isEmpty
  }
}

extension ArraySlice<FamilyEntry> {
  /// The commands that could be refused when the old content is already gone.
  fileprivate var needed: String {
    let filled = filter { !$0.replacement.content.isEmpty && $0.replacement.content.command != "SET" }
    let renewed = filter { $0.condition == .differing }
    let ends = (filled + renewed).contains { $0.timeToLive != nil } ? ["PEXPIRE"] : []
    let stays = renewed.contains { $0.timeToLive == nil } ? ["PERSIST"] : []
    return (Set(filled.map(\.replacement.content.command)).sorted() + ends + stays).joined(separator: " ")
  }
}
