extension Metrics {
  /// The series as datagrams in DogStatsD's protocol.
  ///
  /// The agent adds counters up by itself, so they carry what this run added, zeros included.
  ///
  /// Source: Datadog documentation, "DogStatsD Datagram format"; 1,432 bytes fit into one Ethernet frame
  /// whatever way they take.
  ///
  /// - Parameter limit: the most bytes of one datagram; a line is never cut.
  func dogStatsD(atMost limit: Int = 1432) -> [String] {
    var datagrams: [String] = []
    for line in dogStatsDLines {
      if let last = datagrams.last, last.utf8.count + 1 + line.utf8.count <= limit {
        datagrams[datagrams.count - 1] = "\(last)\n\(line)"
      } else {
        datagrams.append(line)
      }
    }
    return datagrams
  }

  private var dogStatsDLines: [String] {
    series.flatMap { series in
      series.samples.compactMap { sample in
        let tags = labels(of: sample).map { "\($0.name):\(Self.tagValue($0.value))" }.joined(separator: ",")
        switch series.kind {
        case .counter: return "\(series.name):\(sample.growth)|c|#\(tags)"
        case .gauge: return sample.value.map { "\(series.name):\(Self.text(of: $0))|g|#\(tags)" }
        }
      }
    }
  }

  /// The protocol has no escapes: characters of its syntax become underscores.
  static func tagValue(_ value: String) -> String {
    String(String.UnicodeScalarView(value.unicodeScalars.map { ",|#\n".unicodeScalars.contains($0) ? "_" : $0 }))
  }
}
