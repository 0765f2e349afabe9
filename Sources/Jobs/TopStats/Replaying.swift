import JobRuntime

/// Every run calculates all of its boards and reports what became of each, so a replay needs nothing more.
extension TopStats: Replayable {
  /// Whether the run replays a letter: the share with the letter's board does.
  ///
  /// A letter whose board no run has is reported by the runs that have all boards.
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    let place = settings.boards.firstIndex { board in
      settings.windows.contains { ExactName(settings.item(board.name, $0)) == ExactName(letter.item) }
    }
    guard let place else {
      return settings.isOurPrefix(letter.item) && !settings.hasChosenBoards && letter.isShare(of: shard)
    }
    return place % shard.count == shard.index
  }
}
