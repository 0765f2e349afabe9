/// Where a run reports how it went, besides its result.
struct TelemetrySettings: JobSettings {
  var metricsFile: String?
  var isEMF: Bool
  var statsD: HostAndPort?
  var pushgateway: WebAddress?
  var heartbeat: WebAddress?

  init(from env: inout Environment) {
    metricsFile = env.custom(
      "JOB_METRICS_FILE", form: "path", default: nil,
      help: "Metrics as Prometheus text for node_exporter's textfile collector, which reads *.prom."
    ) { .success($0) }
    isEMF = env.bool(
      "JOB_METRICS_EMF", default: false, help: "Metrics as one line of CloudWatch's Embedded Metric Format on stderr.")
    statsD = env.custom(
      "JOB_STATSD", form: "host:port or [v6]:port", default: nil, help: "Metrics by DogStatsD over UDP."
    ) { text in
      HostAndPort(text).map { .success($0) } ?? .failure("is «\(text)», not host:port or [v6]:port")
    }
    pushgateway = env.webAddress(
      "JOB_PUSHGATEWAY_URL",
      help: "Metrics to a Prometheus Pushgateway; needs a binary built with the trait Delivery.")
    heartbeat = env.webAddress(
      "JOB_HEARTBEAT_URL",
      help:
        "Pings /start, nothing or /EXIT_CODE below this URL, as healthchecks.io takes them; needs the trait Delivery.")
  }
}

/// `host:port`, or `[v6]:port`.
struct HostAndPort: Sendable, Equatable, CustomStringConvertible {
  var host: String
  var port: Int
  let description: String

  init?(_ text: String) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let digits = text[text.utf8.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
      (1...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.utf8.contains(UInt8(ascii: ":")) {
      return nil
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    (self.host, self.port, description) = (String(host), port, text)
  }
}
