extension Statement {
  /// Whether it begins or ends a transaction, or changes the mode of later ones.
  ///
  /// Savepoints stay inside of a transaction. So does `set transaction`: a transaction that reads is rolled back
  /// anyway, and in one that writes the server refuses it, because the fence check has already run.
  var controlsTransactions: Bool {
    var scanner = SQLScanner(text: Array(sql.utf8))
    let words = scanner.leadingWords(atMost: 3)
    return switch words.first {
    case "begin", "start", "commit", "end", "abort": true
    case "rollback": !words.contains("to")
    case "prepare": words.dropFirst().first == "transaction"
    case "set": words.starts(with: ["set", "session", "characteristics"])
    default: false
    }
  }

  /// - Throws: `PostgresError.endsTransaction`.
  func checkLeavesTransactions() throws(PostgresError) {
    if controlsTransactions {
      throw .endsTransaction("the statement begins or ends a transaction, and is not sent: \(summary)")
    }
  }
}

extension SQLScanner {
  /// The words that a text begins with, in lower case: what kind of statement it is.
  mutating func leadingWords(atMost count: Int) -> [String] {
    var words: [String] = []
    while words.count < count, let word = nextWord() { words.append(word) }
    return words
  }
}
