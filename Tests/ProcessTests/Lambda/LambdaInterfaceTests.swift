import Foundation
import Redis
import Synchronization
import TestSupport
import Testing

/// What goes wrong between the process that waits for events and Lambda's interface, and how it goes on.
@Suite(.timeLimit(.minutes(10)), .enabled(if: LambdaEmulator.isThere)) struct LambdaInterfaceTests {
  private static let usage = [Binary("usage-aggregation").url.path, "handler"]

  /// Does something to the first piece that a condition holds for, and passes all others.
  private static func once(
    _ verdict: @escaping @Sendable (Proxy.Piece) -> Proxy.Verdict,
    where condition: @escaping @Sendable (Proxy.Piece) -> Bool
  ) -> Proxy.Rule {
    let isDone = Mutex(false)
    return { piece in
      guard condition(piece) else { return .pass }
      let isFirst = isDone.withLock { isDone in
        defer { isDone = true }
        return !isDone
      }
      return isFirst ? verdict(piece) : .pass
    }
  }

  private func function(
    _ place: Place, _ settings: [String: String] = [:], timeout: Int = 900, harmedBy rule: Proxy.Rule? = nil
  ) async throws -> LambdaEmulator {
    try await LambdaEmulator(
      Self.usage, place.environment.merging(settings) { $1 }, timeout: timeout, harmedBy: rule)
  }

  private func isSuccess(_ answer: LambdaEmulator.Answer) -> Bool { answer.result["status"].string == "succeeded" }

  @Test func `an answer whose receipt is lost counts, and the process goes on`() async throws {
    let rule = Self.once({ _ in .cut() }, where: { $0.answers("/response HTTP") })
    let lambda = try await function(Place(), harmedBy: rule)
    #expect(isSuccess(try await lambda.invoke()))
    let loop = try lambda.loop()
    #expect(isSuccess(try await lambda.invoke()))
    #expect(try lambda.loop() == loop, "the second answer to one event is refused, and that is no reason to end")
  }

  @Test func `an answer under a wrong id is refused, the process ends, and the next event has another one`()
    async throws
  {
    let rule = Self.once(
      { piece in
        let text = String(decoding: piece.bytes, as: UTF8.self)
        return .replace(with: Array(text.replacing(/invocation\/[0-9a-f]{8}/, with: "invocation/00000000").utf8))
      }, where: { $0.direction == .toServer && $0.contains("/response HTTP") })
    let lambda = try await function(Place(), harmedBy: rule)
    let answer = try await lambda.invoke()
    #expect(answer.status == 502 && answer.text.contains("Runtime.ExitError"), "\(answer.text)")
    try await eventually { isSuccess(try await lambda.invoke()) }
  }

  @Test func `without being an extension, and with a connection that was closed meanwhile, events are runs`()
    async throws
  {
    let refuse = Self.once({ _ in .cut() }, where: { $0.contains("/extension/register") })
    let cut = Self.once({ _ in .cut() }, where: { $0.offset > 0 && $0.contains("/invocation/next") })
    let lambda = try await function(Place()) { piece in
      let verdict = refuse(piece)
      if case .pass = verdict { return cut(piece) }
      return verdict
    }
    for _ in 0..<3 { #expect(isSuccess(try await lambda.invoke())) }
  }

  @Test func `a process that is killed in a run takes the run along, and the next event is one`() async throws {
    let place = try await Place()
    let blocker = try await OpenTransaction(in: place, "lock table oneshot.usage_days in access exclusive mode")
    let lambda = try await function(place, ["JOB_LOCK_TTL": "1s"])
    async let answer = lambda.invoke()
    try await place.until(key: "oneshot:lock:usage-aggregation", exists: true)
    let loop = try lambda.loop()
    let runs = try LambdaEmulator.children(of: loop)
    kill(loop, SIGKILL)
    let killed = try await answer
    #expect(killed.status == 502 && killed.text.contains("Runtime.ExitError"), "\(killed.text)")
    try await eventually { runs.allSatisfy { kill($0, 0) != 0 } }
    try await blocker.rollBack()
    try await place.until(key: "oneshot:lock:usage-aggregation", exists: false)
    #expect(isSuccess(try await lambda.invoke()))
    #expect(try lambda.loop() != loop)
  }

  @Test func `a process that is frozen over its time limit is replaced`() async throws {
    // Too short for a run, and long enough to say so.
    let lambda = try await function(Place(), timeout: 3)
    #expect(try await lambda.invoke().json["errorType"].string == "Job.deadline")
    let loop = try lambda.loop()
    kill(loop, SIGSTOP)
    let frozen = try await lambda.invoke()
    #expect(frozen.text.contains("Task timed out after 3.00 seconds"), "\(frozen.text)")
    #expect(try await lambda.invoke().json["errorType"].string == "Job.deadline")
    #expect(try lambda.loop() != loop)
  }
}
