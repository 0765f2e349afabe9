import BlockingIO

extension Channel {
  /// A Prometheus Pushgateway.
  ///
  /// POST replaces the series that are sent and keeps the others, so that values that are not known now stay what they
  /// were.
  ///
  /// Source: github.com/prometheus/pushgateway, README, "API".
  static func pushgateway(_ address: WebAddress, by client: any WebClient) -> Channel {
    Channel(setting: "JOB_PUSHGATEWAY_URL", target: address.target) { ending throws(Failure) in
      // Each part has its own group, in which nothing replaces another's series.
      let groups = ending.metrics.parts.flatMap { part in
        // A value with a slash would be two parts of the path.
        part.value.utf8.contains(UInt8(ascii: "/"))
          ? ["\(part.name)@base64", base64URL(part.value)] : [part.name, part.value]
      }
      let url = address.url(["metrics", "job", ending.metrics.job] + groups)
      try client.post(
        ending.metrics.prometheusText(), as: "text/plain; version=0.0.4", to: url, within: StopLimits.webRequest)
    }
  }

  /// A service that expects heartbeats: `/start`, then the URL itself after a success, or the exit code below it.
  ///
  /// The result is the body.
  ///
  /// Source: healthchecks.io, "Pinging API".
  static func heartbeat(_ address: WebAddress, by client: any WebClient) -> Channel {
    Channel(
      setting: "JOB_HEARTBEAT_URL", target: address.target, hasTotals: false, limit: StopLimits.webRequest,
      start: { () throws(Failure) in
        try client.post("", as: "text/plain", to: address.url("start"), within: StopLimits.channelStart)
      }
    ) { ending throws(Failure) in
      let code = ending.result.exitCode
      let url = code == 0 ? address.url() : address.url(String(code))
      try client.post(ending.result.line, as: "application/json", to: url, within: StopLimits.webRequest)
    }
  }
}
