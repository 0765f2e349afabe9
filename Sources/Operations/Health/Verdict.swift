package import JobRuntime

/// What is wrong, and what of it somebody has silenced for a while.
package struct Verdict: Sendable {
  /// What nobody has silenced, in the order of the jobs.
  package var troubles: [Trouble] = []
  /// The snoozes that are not over, each with what it silences now.
  package var snoozes: [(snooze: Snooze, troubles: [Trouble])] = []

  /// All that is wrong, each with the end of its snooze, if it has one.
  package var all: [(trouble: Trouble, snoozedUntil: Timestamp?)] {
    troubles.map { ($0, nil) } + snoozes.flatMap { one in one.troubles.map { ($0, one.snooze.end) } }
  }

  /// How many troubles are silenced.
  package var snoozed: Int { snoozes.reduce(0) { $0 + $1.troubles.count } }
}

extension Judgement {
  /// What is wrong, of the installations that are judged.
  package var verdict: Verdict {
    // Under the one that ends last: until then it is silent.
    let snoozes = facts.snoozes.filter { $0.end > now && scope.contains($0.instance) }.sorted { $0.end > $1.end }
    var verdict = Verdict(snoozes: snoozes.map { ($0, []) })
    for trouble in found {
      if let index = snoozes.firstIndex(where: { $0.covers(trouble) }) {
        verdict.snoozes[index].troubles.append(trouble)
      } else {
        verdict.troubles.append(trouble)
      }
    }
    verdict.snoozes.sort { $0.snooze.name < $1.snooze.name }
    return verdict
  }
}
