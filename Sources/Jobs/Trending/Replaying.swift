import JobRuntime

/// Every run calculates all lists of its windows and reports what became of each, so a replay needs nothing more.
extension Trending: Replayable {
  /// A letter is for the share that has its window.
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    let place = settings.windows.firstIndex { ExactName(letter.item).hasSuffix(settings.item("", $0)) }
    return place.map { $0 % shard.count == shard.index } ?? false
  }
}
