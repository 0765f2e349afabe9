import JobRuntime

/// Every run calculates all of its boards and tells what became of each, so a replay needs nothing of its own.
extension TopStats {
  /// A letter is for the share that has its board.
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    let place = settings.boards.firstIndex { board in
      settings.windows.contains { settings.label(board.name, $0) == letter.item }
    }
    return place.map { $0 % shard.count == shard.index } ?? letter.isShare(of: shard)
  }
}
