import JobRuntime

/// A set of calendar days that lie near each other.
///
/// It is queried for each key, so it is a table without hashing.
struct DaySet: Sendable {
  private let first: CalendarDay
  /// For each day from the first to the last.
  private var isMember: [Bool]

  init(_ days: [CalendarDay]) {
    let first = days.min() ?? CalendarDay(daysSince1970: 0)
    self.first = first
    isMember = [Bool](repeating: false, count: days.max().map { $0 - first + 1 } ?? 0)
    for day in days { isMember[day - first] = true }
  }

  func contains(_ day: CalendarDay) -> Bool {
    let index = day - first
    return isMember.indices.contains(index) && isMember[index]
  }

  /// The empty set with room for the same days.
  var emptied: DaySet {
    var set = self
    for index in isMember.indices { set.isMember[index] = false }
    return set
  }

  /// Adds a day if the set has room for it.
  mutating func insert(_ day: CalendarDay) {
    let index = day - first
    if isMember.indices.contains(index) { isMember[index] = true }
  }

  /// - Parameter other: made of the same days.
  mutating func formUnion(_ other: DaySet) {
    for index in isMember.indices where other.isMember[index] { isMember[index] = true }
  }
}
