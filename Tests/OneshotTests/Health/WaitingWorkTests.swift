import JobRuntime
import Testing

@testable import Operations

/// Work that waits: for later runs, or for a relay that is closed.
@Suite struct WaitingWorkTests {
  private let settings = HealthSettings()

  private func history(_ newest: (inout LedgerRun) -> Void) -> History {
    var history = History()
    history.addRegular(every: .hours(1), newest: .minutes(61))
    history.add(ago: [.minutes(1)], change: newest)
    return history
  }

  @Test func `work that has waited for longer than HEALTH_OLDEST is reported, and ages while no run comes`() {
    func kinds(_ seconds: Double?) -> [String] {
      history { $0.oldestSeconds = seconds }.kinds(settings)
    }
    #expect(kinds(nil) == [] && kinds(0) == [])
    // The run ended 58 seconds ago.
    #expect(kinds(3600 - 59) == [])
    #expect(kinds(3600 - 57) == ["job waiting"])
    var patient = settings
    patient.oldest = .days(2)
    #expect(history { $0.oldestSeconds = 86_400 }.kinds(patient) == [])
  }

  @Test func `a relay that was closed at the end of every run for longer than the grace is reported`() {
    func kinds(_ closed: [Int?]) -> [String] {
      var (history, counts) = (History(), closed.makeIterator())
      history.add(ago: closed.indices.map { .minutes($0 + 1) }) { run in
        run.closedRelays = counts.next() ?? nil
      }
      return history.kinds(settings)
    }
    #expect(kinds(Array(repeating: 1, count: 11)) == ["job closed"])
    #expect(kinds(Array(repeating: 1, count: 9)) == [], "not longer than the grace")
    #expect(kinds([0] + Array(repeating: 1, count: 15)) == [], "it is open again")
    #expect(kinds([1, 1, 0] + Array(repeating: 1, count: 15)) == [], "it was open meanwhile")
    #expect(kinds(Array(repeating: nil, count: 15)) == [])
  }
}
