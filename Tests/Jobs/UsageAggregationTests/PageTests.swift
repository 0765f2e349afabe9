import TestSupport
import Testing

@testable import UsageAggregation

/// What the pages say of the job.
@Suite struct PageTests {
  @Test func `the page for bad days knows every kind of bad item`() throws {
    let page = try Page("docs/when-things-go-wrong.md").text
    for kind in CounterKey.Problem.allCases.map(\.rawValue) + CounterValue.Problem.allCases.map(\.rawValue) {
      #expect(page.contains("`\(kind)`"), "\(kind)")
    }
  }
}
