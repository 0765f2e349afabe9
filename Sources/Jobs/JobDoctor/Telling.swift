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
    /// Why one was not: then the others are left to the next run.
    var failure: String?
  }

  /// How long one try may take.
  private static let limit = Duration.seconds(5)

  func carryOut(_ run: JobRun) async throws -> Outcome {
    var outcome = Outcome(receiver: receiver.name)
    let post = Self.poster(to: receiver.url)
    for message in receiver.messages(try await incidents.untold(receiver, run)) {
      try Task.checkCancellation()
      do {
        try await run.retrying("telling \(receiver.name)", isPassing: { $0 is DeliveryFailure }) {
          try await post(message.body.text)
        }
      } catch let failure as DeliveryFailure {
        outcome.failure = failure.description
        run.log.warning(
          "a receiver could not be told; the next run tries again, and the verdict stays what it is",
          [
            "setting": .string(receiver.setting), "target": .string(receiver.target),
            "error": .string(failure.description),
          ])
        return outcome
      }
      // At once: what was taken and is not noted is told twice.
      let told = try Incidents.told(message.notices, to: receiver)
      try await run.transaction { session in _ = try session.execute(told) }
      outcome.taken += 1
    }
    return outcome
  }

  #if Delivery
    private static func poster(to url: String) -> @Sendable (String) async throws -> Void {
      // A name server may keep it for longer than libcurl's own limit.
      let (client, thread) = (WebClient(), SideThread(label: "telling"))
      return { body in
        let failure = await thread.run(waitingAtMost: limit) { () -> DeliveryFailure? in
          do throws(DeliveryFailure) {
            try client.post(body, as: "application/json", to: url, within: .seconds(4))
            return nil
          } catch {
            return error
          }
        }
        guard let failure else { throw DeliveryFailure("it took longer than \(DurationText.format(limit))") }
        if let failure { throw failure }
      }
    }
  #else
    private static func poster(to url: String) -> @Sendable (String) async throws -> Void {
      { _ in throw DeliveryFailure(Delivery.isMissing) }
    }
  #endif
}
