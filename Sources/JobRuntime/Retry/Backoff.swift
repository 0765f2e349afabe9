/// How long to wait before trying again: full jitter, so that many clients do not come back together.
///
/// Source: Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
package enum Backoff {
  /// A random time up to `min(2^retry seconds, longest)`.
  ///
  /// - Parameters:
  ///   - retry: 1 for the first retry.
  ///   - longest: the upper bound, whatever the number of the retry.
  package static func delay(
    beforeRetry retry: Int, longest: Duration, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    // Past 2^30 seconds (34 years) the bound decides anyway.
    let bound = min(Duration.seconds(1 << min(max(retry, 0), 30)), longest)
    return .microseconds(Int64.random(in: 0...max(0, bound.inMicroseconds), using: &generator))
  }
}
