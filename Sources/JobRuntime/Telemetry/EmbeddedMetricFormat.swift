extension Metrics {
  /// The series as one document in CloudWatch's Embedded Metric Format, to be logged on one line.
  ///
  /// A member has one value, so the first series has the total of this run's status only, and each count has a name:
  /// `job_counts_sent`. Series whose values are not known are left out. Where there is a Redis, a series is sent with
  /// it and without: an alarm has to name all dimensions, and whoever sets one up need not know the address.
  ///
  /// Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
  var embeddedMetricFormat: JSON {
    var directives: [(dimensions: [String], metrics: [JSON])] = []
    var dimensions: [(String, JSON)] = []
    var values: [(String, JSON)] = []
    for series in series {
      for var sample in series.samples where sample.status == nil || sample.status == status {
        guard let value = sample.value else { continue }
        let name = series.name + (sample.count.map { "_\($0)" } ?? "")
        sample.count = nil
        values.append((name, Int64(exactly: value).map { .integer($0) } ?? .double(value)))
        let metric: JSON = ["Name": .string(name), "Unit": .string(series.unit.rawValue)]
        let labels = labels(of: sample)
        for label in labels where !dimensions.contains(where: { $0.0 == label.name }) {
          dimensions.append((label.name, .string(label.value)))
        }
        let names = labels.map(\.name)
        if let index = directives.firstIndex(where: { $0.dimensions == names }) {
          directives[index].metrics.append(metric)
        } else {
          directives.append((names, [metric]))
        }
      }
    }
    let described = directives.map { directive -> JSON in
      let without = directive.dimensions.filter { $0 != Self.server }
      let sets = without == directive.dimensions ? [without] : [without, directive.dimensions]
      return [
        "Namespace": "oneshot", "Dimensions": .array(sets.map { .array($0.map { .string($0) }) }),
        "Metrics": .array(directive.metrics),
      ]
    }
    let metadata: JSON = [
      "Timestamp": .integer(finishedAt.microseconds / 1000), "CloudWatchMetrics": .array(described),
    ]
    return JSON(members: [("_aws", metadata)] + dimensions + values)
  }
}
