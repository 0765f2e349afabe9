import JobRuntime
import Operations

/// What people have asked for: pauses, snoozes, runs.
extension HealthView {
  var requestsText: String {
    var text = judgement.paused.isEmpty && judgement.requested.isEmpty ? "" : "\n"
    for pause in judgement.paused {
      text += printable("\(pause.name) is paused until \(pause.end.rfc3339), \(pause.origin).") + "\n"
    }
    for request in judgement.requested {
      let slot = request.slot.map { " for the slot \($0.toTheSecond)" } ?? ""
      text +=
        printable(
          "A run of \(request.name)\(slot) is requested until \(request.end.rfc3339), \(request.origin), and none has succeeded since."
        ) + "\n"
    }
    return text + snoozesText
  }

  private var snoozesText: String {
    guard !verdict.snoozes.isEmpty else { return "" }
    var text = "\nSnoozed:\n"
    for (snooze, troubles) in verdict.snoozes {
      text += printable("\(snooze.name), until \(snooze.end.rfc3339), \(snooze.origin)") + "\n"
      for trouble in troubles {
        text +=
          printable("  \(names[trouble.part]): since \(trouble.since.withAge(at: facts.now)): \(trouble.message).")
          + "\n"
      }
      if troubles.isEmpty { text += "  Nothing of it is wrong now.\n" }
    }
    return text
  }

  /// The same for programs.
  var requestsJSON: [(String, JSON)] {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    let paused = judgement.paused.map { pause -> JSON in
      [
        "instance": .string(pause.instance), "job": .string(pause.job), "since": .string(pause.start.rfc3339),
        "until": .string(pause.end.rfc3339), "by": .string(pause.by), "reason": text(pause.reason),
      ]
    }
    let snoozed = verdict.snoozes.map { snooze, troubles -> JSON in
      [
        "instance": .string(snooze.instance), "job": .string(snooze.job), "variant": text(snooze.variant),
        "kind": .string(snooze.kind), "since": .string(snooze.start.rfc3339), "until": .string(snooze.end.rfc3339),
        "by": .string(snooze.by), "reason": text(snooze.reason), "troubles": .array(troubles.map(json)),
      ]
    }
    let requested = judgement.requested.map { request -> JSON in
      [
        "instance": .string(request.instance), "job": .string(request.job), "slot": text(request.slot?.rfc3339),
        "since": .string(request.start.rfc3339), "until": .string(request.end.rfc3339), "by": .string(request.by),
        "reason": text(request.reason),
      ]
    }
    return [("paused", .array(paused)), ("snoozed", .array(snoozed)), ("requested", .array(requested))]
  }
}
