/// The name that was probably meant.
///
/// - Returns: the name with the fewest changes to the text, where these are few: one character more, less or different,
///   or two that changed places (Damerau and Levenshtein's distance, without a second change in the same place).
package func nearestName(to text: String, among names: some Sequence<String>) -> String? {
  let wanted = text.lowercased()
  let most = max(1, min(3, wanted.utf8.count / 3))
  let near = names.map { (name: $0, changes: changes(from: wanted, to: $0.lowercased())) }.filter { $0.changes <= most }
  return near.min { ($0.changes, $0.name) < ($1.changes, $1.name) }?.name
}

private func changes(from left: String, to right: String) -> Int {
  let (left, right) = (Array(left.utf8), Array(right.utf8))
  // Too different in length to be considered.
  guard abs(left.count - right.count) <= 3 else { return .max }
  var (beforeLast, last) = ([Int](), Array(0...right.count))
  for row in left.indices {
    var line = [row + 1]
    for column in right.indices {
      let isSame = left[row] == right[column]
      var fewest = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, line[column] + 1)
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        fewest = min(fewest, beforeLast[column - 1] + 1)
      }
      line.append(fewest)
    }
    (beforeLast, last) = (last, line)
  }
  return last[right.count]
}
