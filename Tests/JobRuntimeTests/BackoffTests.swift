import JobRuntime
import TestSupport
import Testing

@Suite struct BackoffTests {
  @Test(arguments: [-5, 0, 1, 2, 5, 10, 29, 30, 31, 1000, Int.max, Int.min])
  func `a wait is never negative and never above its bound`(retry: Int) {
    var generator = SeededGenerator(UInt64(bitPattern: Int64(retry)))
    for longest in [Duration.zero, .milliseconds(1), .seconds(1), .seconds(32), .hours(1), .days(36_525)] {
      let bound = min(longest, .seconds(1 << min(max(retry, 0), 30)))
      for _ in 0..<200 {
        let delay = Backoff.delay(beforeRetry: retry, longest: longest, using: &generator)
        #expect(delay >= .zero)
        #expect(delay <= bound)
      }
    }
  }

  @Test(arguments: [(1, 2), (3, 8), (5, 32), (9, 32)])
  func `waits cover their whole range evenly`(retry: Int, bound: Int) {
    var generator = SeededGenerator(11)
    var tenths = [Int](repeating: 0, count: 10)
    for _ in 0..<10_000 {
      let delay = Backoff.delay(beforeRetry: retry, longest: .seconds(32), using: &generator)
      let tenth = Int(delay.inMicroseconds * 10 / Int64(bound * 1_000_001))
      tenths[tenth] += 1
    }
    // A thousand each in the mean; the standard deviation is 30.
    for count in tenths { #expect((800...1200).contains(count), "\(tenths)") }
  }
}
