import BlockingIO
import JobRuntime
import Postgres

/// Tells one receiver what it has not been told. Whatever comes of it, the run's verdict stays what it is.
struct Telling: Sendable {
  let receiver: Receiver
  let incidents: Incidents

  struct Outcome: Sendable {
    var receiver: String
    /// Messages that were taken.
    var taken = 0
    /// Why the first of those that were not was not: the next run tries again.
    var failure: String?
  }

  /// How long one try may take.
  private static let limit = Duration.seconds(5)

  /// What is left of the run's time when telling ends: a slow receiver must not end the run at its deadline.
  static func reserve(of timeLeft: Duration) -> Duration { min(max(.seconds(10), timeLeft / 10), timeLeft / 2) }

  func carryOut(_ run: JobRun) async throws -> Outcome {
    var outcome = Outcome(receiver: receiver.name)
    let reserve = Self.reserve(of: run.timeLeft)
    let post = Self.poster(to: receiver.url)
    for message in receiver.messages(try await incidents.untold(receiver, run)) {
      try Task.checkCancellation()
      guard run.timeLeft > reserve else {
        outcome.failure = outcome.failure ?? "the run has no time left for it"
        break
      }
      do {
        try await run.retrying(
          "telling \(receiver.name)", isPassing: { ($0 as? DeliveryFailure)?.isRefusal == false }, whileLeft: reserve
        ) {
          try await post(message.body.text, max(.milliseconds(1), min(Self.limit, run.timeLeft - reserve)))
        }
      } catch let failure as DeliveryFailure {
        outcome.failure = outcome.failure ?? failure.description
        // What it will not take must not keep the others from it.
        guard failure.isRefusal else { break }
        continue
      }
      // At once: what was taken and is not noted is told twice.
      let told = try Incidents.told(message.notices, to: receiver)
      try await run.transaction { tx in _ = try tx.execute(told) }
      outcome.taken += 1
    }
    if let failure = outcome.failure {
      run.log.warning(
        "some notifications could not be delivered; the next run tries again, and the verdict is not affected",
        ["setting": .string(receiver.setting), "target": .string(receiver.target), "error": .string(failure)])
    }
    return outcome
  }

  private static func poster(to url: String) -> @Sendable (String, Duration) async throws -> Void {
    // Its URL is refused with the other settings then, so that this is not seen.
    guard let client = WebDelivery.client() else { return { _, _ in throw DeliveryFailure(WebDelivery.isMissing) } }
    // A name server may keep it for longer than libcurl's own limit.
    let thread = SideThread(label: "telling")
    return { body, limit in
      let failure = await thread.run(waitingAtMost: limit) { () -> DeliveryFailure? in
        do throws(DeliveryFailure) {
          try client.post(body, as: "application/json", to: url, within: limit * 4 / 5)
          return nil
        } catch {
          return error
        }
      }
      guard let failure else { throw DeliveryFailure("it took longer than \(DurationText.format(limit))") }
      if let failure { throw failure }
    }
  }
}
