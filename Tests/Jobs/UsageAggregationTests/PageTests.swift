import JobRuntime
import Testing

@testable import UsageAggregation

@Suite struct PageTests {
  @Test func `every kind of bad counter is declared`() {
    let declared = Set(UsageAggregation.facts.letterKinds.map(\.name))
    #expect(declared.isSuperset(of: CounterKey.Problem.allCases.map(\.rawValue)))
    #expect(declared.isSuperset(of: CounterValue.Problem.allCases.map(\.rawValue)))
  }
}
