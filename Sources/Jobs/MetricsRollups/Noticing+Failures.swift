import JobRuntime

extension Noticing {
  /// The failures for events that cannot be counted.
  func failures(_ found: Found) -> [ItemFailure] {
    var failures = found.late.map { hour, events in
      ItemFailure(
        item: "\(source.name) late \(hour)", kind: .tooLate,
        message:
          "\(events) events came for an hour whose raw events are no longer all there; they stay in \(source.name) and are not counted",
        payload: ["source": .string(source.name), "hour": .string(hour.rfc3339), "events": .integer(Int64(events))])
    }
    failures += found.lateChanges.map { hour in
      ItemFailure(
        item: "\(source.name) changed late \(hour)", kind: .tooLate,
        message:
          "events were changed or deleted, or moved to an hour whose raw events are no longer all there; its rollups stay as they are",
        payload: ["source": .string(source.name), "hour": .string(hour.rfc3339)])
    }
    if found.outside + found.changedOutside > 0 {
      failures.append(
        ItemFailure(
          item: "\(source.name) outside of the calendar", kind: .badRows,
          message:
            "rows of \(source.file.place) are left out: \(found.outside) before \(Bucket.allEvents.start) or from \(Bucket.allEvents.end) on"
            + (found.changedOutside > 0 ? "; \(found.changedOutside) such moments were changed or deleted" : ""),
          payload: [
            "rows": .integer(Int64(found.outside)), "changed": .integer(Int64(found.changedOutside)),
          ]))
    }
    if found.timeless > 0 {
      failures.append(
        ItemFailure(
          item: "\(source.name) without time", kind: .badRows,
          message: "rows of \(source.file.place) are left out: \(found.timeless) without occurred_at",
          payload: ["rows": .integer(Int64(found.timeless))]))
    }
    return failures
  }
}
