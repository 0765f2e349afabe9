import BlockingIO

/// One channel that reports to monitoring how a run went.
struct Channel: Sendable {
  /// The setting that configures it.
  var setting: String
  /// Where it leads to, without secrets.
  var target: String
  /// Whether it reports totals, so that they have to be read.
  var hasTotals = true
  /// How long the end of the run may wait for it.
  var limit = StopLimits.channel
  /// Reports that the work begins.
  ///
  /// Blocks, but no longer than its limit.
  var start: (@Sendable () throws(Failure) -> Void)?
  /// Reports how the run ended.
  ///
  /// Blocks.
  var end: @Sendable (Ending) throws(Failure) -> Void
  /// The thread that it blocks; calls run one after the other, so that a start never arrives after its end.
  let thread = SideThread(label: "telemetry")

  /// How a run ended.
  struct Ending: Sendable {
    /// Without secrets.
    var result: RunResult
    var metrics: Metrics
  }

  typealias Failure = DeliveryFailure
}

/// Why something was not delivered, without secrets.
package struct DeliveryFailure: Error, CustomStringConvertible {
  package let description: String
  /// Whether the server will not take this as it is, however often it is sent.
  package let isRefusal: Bool

  package init(_ description: String, isRefusal: Bool = false) {
    (self.description, self.isRefusal) = (description, isRefusal)
  }
}

extension Channel {
  /// All configured channels.
  static func all(_ settings: TelemetrySettings, terminal: Terminal) -> [Channel] {
    var channels: [Channel] = []
    if let path = settings.metricsFile { channels.append(textfile(path)) }
    if settings.isEMF { channels.append(emf(terminal)) }
    if let address = settings.statsD { channels.append(statsD(address)) }
    // Each has its own client, which holds one connection. Without one, the settings are refused earlier.
    if let address = settings.pushgateway, let client = WebDelivery.client() {
      channels.append(pushgateway(address, by: client))
    }
    if let address = settings.heartbeat, let client = WebDelivery.client() {
      channels.append(heartbeat(address, by: client))
    }
    return channels
  }

  private static func textfile(_ path: String) -> Channel {
    Channel(setting: "JOB_METRICS_FILE", target: path) { ending throws(Failure) in
      let earlier = ending.metrics.totals == nil ? (try? SmallFile.read(path)) ?? "" : ""
      do { try SmallFile.replace(path, with: ending.metrics.prometheusText(keeping: earlier)) } catch {
        throw Failure("\(error)")
      }
    }
  }

  private static func emf(_ terminal: Terminal) -> Channel {
    Channel(setting: "JOB_METRICS_EMF", target: "stderr") { ending throws(Failure) in
      terminal.writeLine(ending.metrics.embeddedMetricFormat.text)
    }
  }

  private static func statsD(_ address: HostAndPort) -> Channel {
    Channel(setting: "JOB_STATSD", target: address.description) { ending throws(Failure) in
      try UDP.send(ending.metrics.dogStatsD(), to: address)
    }
  }
}
