import BlockingIO

/// Reports to monitoring how a run went.
///
/// Whatever its outcome, the run's result and exit code stay the same: each failure is one warning in the log.
/// `StopLimits` says how long the end of a run waits for it.
struct Telemetry: Sendable {
  private let channels: [Channel]
  private let redactor: Redactor
  private let log: Log

  init(_ channels: [Channel], redactor: Redactor, log: Log) {
    self.channels = channels
    self.redactor = redactor
    self.log = log
  }

  /// Reports that the work begins, and does not wait for an answer.
  func start() {
    for channel in channels {
      guard let start = channel.start else { continue }
      channel.thread.start {
        do { try start() } catch { warn(channel, "\(error)") }
      }
    }
  }

  /// Reports how the run ended.
  ///
  /// A skipped run reports nothing: another run does its work.
  ///
  /// - Parameter totals: reads them; not called when no channel needs them or the ledger does not know the run.
  func end(
    _ result: RunResult, itemsProcessed: Int, measures: (countsAreMetrics: Bool, oldestSeconds: Double?),
    totals: @escaping @Sendable () async throws -> RunTotals?
  ) async {
    guard !channels.isEmpty, result.status != .skipped else { return }
    let isKnown = result.fence != nil && channels.contains(where: \.hasTotals)
    var metrics = Metrics(
      identity: result.identity, status: result.status, finishedAt: result.startedAt + result.duration,
      duration: result.duration, itemsProcessed: itemsProcessed, itemsFailed: result.errorsTotal,
      totals: isKnown ? await read(totals) : nil)
    if measures.countsAreMetrics { metrics.counts = Metrics.counts(of: result) }
    metrics.oldestSeconds = measures.oldestSeconds
    let ending = Channel.Ending(result: redactor.redact(result), metrics: metrics)
    await withTaskGroup(of: Void.self) { group in
      for channel in channels {
        group.addTask { await report(ending, by: channel) }
      }
    }
  }

  private func report(_ ending: Channel.Ending, by channel: Channel) async {
    // A slow start comes first in the queue, and must not use up the end's time.
    if channel.start != nil { _ = await channel.thread.run(waitingAtMost: StopLimits.channelStart) {} }
    let failure = await channel.thread.run(waitingAtMost: channel.limit) { () -> String? in
      do throws(Channel.Failure) {
        try channel.end(ending)
        return nil
      } catch {
        return error.description
      }
    }
    switch failure {
    case .some(.none): break
    case .some(.some(let reason)): warn(channel, reason)
    case .none: warn(channel, "it took longer than \(DurationText.format(channel.limit))")
    }
  }

  private func read(_ totals: @escaping @Sendable () async throws -> RunTotals?) async -> RunTotals? {
    let limit = StopLimits.readingTotals
    let answer = await waiting(atMost: limit) { () -> Result<RunTotals?, any Error> in
      do { return .success(try await totals()) } catch { return .failure(error) }
    }
    switch answer {
    case .success(let totals?): return totals
    case .success(nil): log.warning("metrics are sent without totals: the run is still open in the ledger")
    case .failure(let error): warnOfTotals("\(error)")
    case nil: warnOfTotals("it took longer than \(DurationText.format(limit))")
    }
    return nil
  }

  private func warnOfTotals(_ reason: String) {
    log.warning("metrics are sent without totals: they could not be read", ["error": .string(reason)])
  }

  private func warn(_ channel: Channel, _ reason: String) {
    log.warning(
      "metrics or a heartbeat could not be delivered; the run itself is not affected",
      ["channel": .string(channel.setting), "target": .string(channel.target), "error": .string(reason)])
  }
}
