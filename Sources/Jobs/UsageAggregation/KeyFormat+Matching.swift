import JobRuntime
import Redis

extension KeyFormat {
  /// The steps that parse each key: without allocation and without texts, because there are millions of keys.
  struct Steps: Sendable, Equatable {
    fileprivate enum Kind: Sendable { case fixed, merchant, metric, time }

    fileprivate struct Step: Sendable, Equatable {
      var kind: Kind
      /// In `texts`: the fixed part itself, or the fixed part at which a name ends.
      var text: Range<Int>
    }

    /// The steps from the left up to the open part, and from the end down to it.
    fileprivate var fromLeft: [Step] = []
    fileprivate var fromRight: [Step] = []
    fileprivate let open: Kind
    /// The fixed parts, one after the other.
    fileprivate var texts: [UInt8] = []

    init(_ parts: [Part], open: Int) {
      var ranges: [Range<Int>] = []
      for part in parts {
        let start = texts.count
        if case .fixed(let bytes) = part { texts += bytes }
        ranges.append(start..<texts.count)
      }
      func step(_ index: Int, endingAt next: Int) -> Step {
        Step(kind: Kind(parts[index]), text: parts[index].isName ? ranges[next] : ranges[index])
      }
      self.open = Kind(parts[open])
      fromLeft = (0..<open).map { step($0, endingAt: $0 + 1) }
      fromRight = (open + 1..<parts.count).reversed().map { step($0, endingAt: $0 - 1) }
    }
  }

  /// Parses a key.
  ///
  /// A part that the format does not have is empty.
  func parse(_ key: LentBytes) -> Result<CounterKey, CounterKey.Problem> {
    var (all, nuls): (UInt8, UInt8) = (0, 0)
    for byte in key {
      all |= byte
      nuls |= byte == 0 ? 1 : 0
    }
    guard nuls == 0 else { return .failure(.holdsNUL) }
    // Characters of one byte are valid UTF-8; nearly every key has only those.
    guard all < 0x80 || String(validating: key, as: UTF8.self) != nil else { return .failure(.notUTF8) }

    var rest = 0..<key.count
    var found = Found()
    if let problem = take(steps.fromLeft, fromLeft: true, of: key, &rest, &found)
      ?? take(steps.fromRight, fromLeft: false, of: key, &rest, &found)
    {
      return .failure(problem)
    }
    found.set(steps.open, LentBytes(rebasing: key[rest]))

    guard found.merchant?.isEmpty != true, found.metric?.isEmpty != true else { return .failure(.emptyPart) }
    let (merchant, metric) = (found.merchant ?? Self.nothing, found.metric ?? Self.nothing)
    guard merchant.count + metric.count <= CounterKey.longest else { return .failure(.tooLong) }
    guard let time = found.time else { return .failure(.missingPart) }
    return .success(CounterKey(merchant: merchant, day: time.day, hour: time.hour, metric: metric))
  }

  /// The counter in a field of a hash.
  ///
  /// - Parameter key: the parts of the hash's own key.
  func counter(_ field: LentBytes, of key: CounterKey) -> Result<CounterKey, CounterKey.Problem> {
    var counter = key
    if self.field == .merchant { counter.merchant = field } else { counter.metric = field }
    guard !field.isEmpty else { return .failure(.emptyPart) }
    guard !field.contains(0) else { return .failure(.holdsNUL) }
    guard String(validating: field, as: UTF8.self) != nil else { return .failure(.notUTF8) }
    guard counter.merchant.count + counter.metric.count <= CounterKey.longest else { return .failure(.tooLong) }
    return .success(counter)
  }

  private static var nothing: LentBytes { LentBytes(start: nil, count: 0) }

  private struct Found {
    var merchant: LentBytes?
    var metric: LentBytes?
    var time: (day: CalendarDay, hour: Int?)?

    mutating func set(_ kind: Steps.Kind, _ bytes: LentBytes) {
      if kind == .merchant { merchant = bytes } else { metric = bytes }
    }
  }

  /// Takes parts off one end of the rest of a key.
  ///
  /// - Returns: the problem, if there is one.
  private func take(
    _ steps: [Steps.Step], fromLeft: Bool, of key: LentBytes, _ rest: inout Range<Int>, _ found: inout Found
  ) -> CounterKey.Problem? {
    for index in steps.indices {
      let step = steps[index]
      let part: Range<Int>
      switch step.kind {
      case .fixed:
        part = Self.end(of: rest, step.text.count, fromLeft: fromLeft)
        guard part.count == step.text.count, isText(step.text, in: key, at: part.lowerBound) else {
          return .missingPart
        }
      case .time:
        part = Self.end(of: rest, time.count, fromLeft: fromLeft)
        guard part.count == time.count, let read = time.read(LentBytes(rebasing: key[part])) else {
          // The text after it shows whether the part is wrong or missing.
          let next = index + 1 < steps.count ? steps[index + 1].text : 0..<0
          return nearest(next, in: key, rest, fromLeft: fromLeft) == nil ? .missingPart : .badDate
        }
        found.time = read
      case .merchant, .metric:
        guard let place = nearest(step.text, in: key, rest, fromLeft: fromLeft) else { return .missingPart }
        part = fromLeft ? rest.lowerBound..<place : place + step.text.count..<rest.upperBound
        found.set(step.kind, LentBytes(rebasing: key[part]))
      }
      rest = fromLeft ? part.upperBound..<rest.upperBound : rest.lowerBound..<part.lowerBound
    }
    return nil
  }

  /// This many bytes of one end, or all of them.
  private static func end(of rest: Range<Int>, _ count: Int, fromLeft: Bool) -> Range<Int> {
    fromLeft
      ? rest.lowerBound..<min(rest.lowerBound + count, rest.upperBound)
      : max(rest.upperBound - count, rest.lowerBound)..<rest.upperBound
  }

  private func isText(_ text: Range<Int>, in key: LentBytes, at place: Int) -> Bool {
    for offset in 0..<text.count where steps.texts[text.lowerBound + offset] != key[place + offset] { return false }
    return true
  }

  /// - Returns: the first, or last, place of a fixed part.
  private func nearest(_ text: Range<Int>, in key: LentBytes, _ rest: Range<Int>, fromLeft: Bool) -> Int? {
    let last = rest.upperBound - text.count
    guard rest.lowerBound <= last else { return nil }
    // Nearly all are of one byte.
    let first = text.isEmpty ? nil : steps.texts[text.lowerBound]
    var place = fromLeft ? rest.lowerBound : last
    while rest.lowerBound <= place, place <= last {
      if first == nil || key[place] == first, text.count < 2 || isText(text, in: key, at: place) { return place }
      place += fromLeft ? 1 : -1
    }
    return nil
  }
}

extension KeyFormat.Steps.Kind {
  fileprivate init(_ part: KeyFormat.Part) {
    self =
      switch part {
      case .fixed: .fixed
      case .merchant: .merchant
      case .metric: .metric
      case .time: .time
      }
  }
}
