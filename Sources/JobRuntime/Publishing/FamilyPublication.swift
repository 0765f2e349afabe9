import Redis

/// Keys of one family on their way to one server, with the token that lets them pass.
struct FamilyPublication: Sendable {
  /// What keeps older runs from a key.
  enum Fencing: Sendable {
    /// One fence key for the whole family. A script writes many keys at once.
    case family
    /// A fence key beside each key, as long as the key lives: in a cluster, where all keys of a script must have one
    /// slot.
    case eachKey
  }

  var entries: [FamilyEntry]
  var token: PublishingToken
  var runID: RunID
  var fencing = Fencing.family

  /// How many keys one script writes. It blocks the server for less than 3 ms.
  private static let keysAtOnce = 100

  /// - Returns: the keys that were left as they are.
  /// - Throws: `JobFailure` of kind `fenced` if a newer run has published keys of the family.
  func carryOut(_ session: inout RedisSession) throws -> [String] {
    var kept: [String] = []
    let chunks = chunks
    let calls = chunks.map { call($0) }
    for (chunk, answer) in zip(chunks, try session.run(FamilyScripts.filling, calls: calls)) {
      try token(for: chunk[0]).judge(answer)
      kept += answer.elements.compactMap(\.integer).map { chunk[Int($0)].key }
    }
    for entry in entries where !entry.isSmall {
      let isWritten = try place(entry, &session)
      if !isWritten { kept.append(entry.key) }
    }
    return kept
  }

  /// The entries that scripts write by themselves, by scripts.
  private var chunks: [[FamilyEntry]] {
    let small = entries.filter(\.isSmall)
    let count =
      switch fencing {
      case .family: Self.keysAtOnce
      case .eachKey: 1
      }
    return stride(from: 0, to: small.count, by: count).map { Array(small[$0..<min($0 + count, small.count)]) }
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

  private func call(_ chunk: [FamilyEntry]) -> Script.Call {
    let token = token(for: chunk[0])
    var arguments = token.credentials + [mode, chunk.needed]
    for entry in chunk {
      let content = entry.replacement.content
      arguments += [content.command, entry.life, entry.least, "\(content.arguments.count)"] + content.arguments
    }
    return Script.Call(keys: [token.key] + chunk.map(\.key), arguments: arguments)
  }

  /// Builds a large content beside its key and puts it there in one step.
  ///
  /// - Returns: whether it is there; otherwise the key was left as it is.
  private func place(_ entry: FamilyEntry, _ session: inout RedisSession) throws -> Bool {
    let new = Replacement.companion(of: entry.key, "new", runID.description)
    try session.carryOut(entry.replacement.build(under: new))
    let token = token(for: entry)
    let answer = try session.run(
      FamilyScripts.placing, keys: [token.key, entry.key, new],
      arguments: token.credentials + [mode, entry.life, entry.least])
    try token.judge(answer)
    return answer.elements.isEmpty
  }
}

extension [FamilyEntry] {
  /// The commands that could be refused when the old content is gone already.
  fileprivate var needed: String {
    let filled = filter { !$0.replacement.content.isEmpty && $0.replacement.content.command != "SET" }
    let ends = filled.contains { $0.timeToLive != nil } ? ["PEXPIRE"] : []
    return (Set(filled.map(\.replacement.content.command)).sorted() + ends).joined(separator: " ")
  }
}
