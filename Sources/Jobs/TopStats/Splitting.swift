extension Calculation {
  /// The same boards on several connections.
  ///
  /// Boards that share a preparation stay together, so that no pass over the application's tables is made twice.
  ///
  /// - Parameter count: how many connections there are at most.
  /// - Returns: calculations of about the same size, none without a board.
  func split(into count: Int) -> [Calculation] {
    var lanes = [(boards: [Board], size: Int)](repeating: ([], 0), count: min(count, boards.count))
    // The largest first, each to the connection with the least work: the last ones are small.
    for group in groups.sorted(by: { $0.size > $1.size }) {
      guard let lane = lanes.indices.min(by: { lanes[$0].size < lanes[$1].size }) else { break }
      lanes[lane].boards += group.boards
      lanes[lane].size += group.size
    }
    return lanes.filter { !$0.boards.isEmpty }.map { lane in
      var part = self
      part.boards = lane.boards
      return part
    }
  }

  /// Boards, with the preparations that only they share.
  private struct Group {
    var boards: [Board]
    var tables: Set<Preparation>

    /// How many passes it takes; a user's board makes one by itself.
    var size: Int { max(tables.count, boards.count) }
  }

  private var groups: [Group] {
    var groups: [Group] = []
    for board in boards {
      var group = Group(boards: [board], tables: Set(board.needs.filter { !Preparation.forAll.contains($0) }))
      // A board may join several groups.
      for other in groups where !other.tables.isDisjoint(with: group.tables) {
        group = Group(boards: other.boards + group.boards, tables: other.tables.union(group.tables))
      }
      groups.removeAll { !$0.tables.isDisjoint(with: group.tables) }
      groups.append(group)
    }
    return groups
  }
}
