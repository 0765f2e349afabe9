extension Metrics {
  /// The series in Prometheus' text format.
  ///
  /// Source: prometheus.io, "Exposition formats", text-based format 0.0.4.
  ///
  /// - Parameter earlier: the text that was written before. A series whose values are not known now keeps its lines, if
  ///   they are of the same work, so that an alert on the last success keeps working while Postgres is out of reach.
  func prometheusText(keeping earlier: String = "") -> String {
    let earlier = earlier.split(separator: "\n")
    let own = text(of: Sample())
    return series.map { series in
      var lines = series.samples.compactMap { sample in
        sample.value.map { "\(series.name){\(text(of: sample))} \(Self.text(of: $0))" }
      }
      if lines.isEmpty {
        lines = earlier.filter { line in
          ["}", ",status="].contains { line.hasPrefix("\(series.name){\(own)\($0)") }
        }.map { String($0) }
      }
      guard !lines.isEmpty else { return "" }
      return """
        # HELP \(series.name) \(series.help)
        # TYPE \(series.name) \(series.kind.rawValue)
        \(lines.joined(separator: "\n"))

        """
    }.joined()
  }

  /// A sample's labels in the format.
  private func text(of sample: Sample) -> String {
    labels(of: sample).map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
  }

  /// A label's value in the format.
  static func escaped(_ value: String) -> String {
    value.unicodeScalars.reduce(into: "") { text, letter in
      switch letter {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(letter)
      }
    }
  }
}
