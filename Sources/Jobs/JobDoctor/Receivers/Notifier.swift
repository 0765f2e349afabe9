import BlockingIO
import JobRuntime
import Postgres

/// Sends one receiver the notices that it has not received yet.
///
/// Whether that succeeds or not, the run's verdict stays what it is.
struct Notifier: Sendable {
  let receiver: Receiver
  let incidents: Incidents

  struct Outcome: Sendable {
    var receiver: String
    /// Messages that were taken.
    var taken = 0
    /// Why the first of those that were not was not: the next run tries again.
    var failure: String?
  }

  /// What is left of the run's time when sending ends: a slow receiver must not end the run at its deadline.
  static func reserve(of timeLeft: Duration) -> Duration { min(max(.seconds(10), timeLeft / 10), timeLeft / 2) }

  func carryOut(_ run: JobRun) async throws -> Outcome {
    var outcome = Outcome(receiver: receiver.name)
    let reserve = Self.reserve(of: run.timeLeft)
    let line = ReceiverLine()
    for message in receiver.messages(try await incidents.pending(for: receiver, run)) {
      try Task.checkCancellation()
      guard run.timeLeft > reserve else {
        outcome.failure = outcome.failure ?? "the run has no time left for it"
        break
      }
      do {
        try await run.retrying(
          "notifying \(receiver.name)", isPassing: { ($0 as? DeliveryFailure)?.isRefusal == false }, whileLeft: reserve
        ) {
          let limit = max(.milliseconds(1), min(receiver.limit, run.timeLeft - reserve))
          if let failure = await line.send(receiver.outgoing(message, incidents.moment), within: limit) {
            throw failure
          }
        }
      } catch let failure as DeliveryFailure {
        outcome.failure = outcome.failure ?? failure.description
        // What it will not take must not keep the others from it.
        guard failure.isRefusal else { break }
        continue
      }
      // At once: a notice that was taken and is not noted is sent twice.
      let record = try Incidents.recordSent(message.notices, to: receiver)
      try await run.transaction { tx in _ = try tx.execute(record) }
      outcome.taken += 1
    }
    if let failure = outcome.failure {
      run.log.warning(
        "some notifications could not be delivered; the next run tries again, and the verdict is not affected",
        ["setting": .string(receiver.setting), "target": .string(receiver.target), "error": .string(failure)])
    }
    return outcome
  }
}

extension Receiver {
  /// Finds out whether a notice could be sent, and sends none: its address, its certificate, its login.
  ///
  /// - Returns: why not.
  func trial(_ run: JobRun) async -> DeliveryFailure? {
    await ReceiverLine().reach(outgoing(Message(body: "", notices: []), run.scheduledAt), within: limit)
  }
}

/// The way to one receiver, on a thread that may block: a name server may keep it for longer than libcurl's own limit.
private struct ReceiverLine: Sendable {
  private let thread = SideThread(label: "notifying")
  private let web = WebDelivery.client()
  private let mail = WebDelivery.mailClient()

  func send(_ outgoing: Receiver.Outgoing, within limit: Duration) async -> DeliveryFailure? {
    await waiting(limit) { line, limit, stop in
      switch outgoing {
      case .web(let request): line.web?.send(request, within: limit, unless: stop).refusal
      case .mail(let mail, let relay):
        line.mail?.send(mail, by: relay, isLast: false, within: limit, unless: stop).refusal
          .map { $0.without(mail.recipient) }
      }
    }
  }

  func reach(_ outgoing: Receiver.Outgoing, within limit: Duration) async -> DeliveryFailure? {
    await waiting(limit) { line, limit, stop in
      switch outgoing {
      case .web(var request):
        request.onlyConnects = true
        let reply = line.web?.send(request, within: limit, unless: stop)
        return reply?.failure.map { DeliveryFailure($0, isRefusal: reply?.isFinal ?? false) }
      case .mail(_, let relay): return line.mail?.reach(relay, within: limit, unless: stop).refusal
      }
    }
  }

  private func waiting(
    _ limit: Duration, for work: @escaping @Sendable (ReceiverLine, Duration, StopMark) -> DeliveryFailure?
  ) async -> DeliveryFailure? {
    // Its settings are refused with the others then, so that this is not seen.
    guard web != nil, mail != nil else { return DeliveryFailure(WebDelivery.isMissing) }
    let stop = StopMark()
    let outcome = await withTaskCancellationHandler {
      await thread.run(waitingAtMost: limit) { work(self, limit * 4 / 5, stop) }
    } onCancel: {
      stop.set()
    }
    return outcome ?? DeliveryFailure("it took longer than \(DurationText.format(limit))")
  }
}

extension DeliveryFailure {
  /// The same without an address that a relay may have repeated.
  fileprivate func without(_ address: String) -> DeliveryFailure {
    DeliveryFailure(description.replacing(address, with: "(recipient)"), isRefusal: isRefusal)
  }
}
