import JobRuntime
import Operations

/// Numbers and moments formatted for the page.
enum PageText {
  /// `12,345`.
  static func count(_ number: some BinaryInteger) -> String {
    let digits = Array(String(number.magnitude))
    let grouped = digits.enumerated().map { index, digit in
      (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digit)
    }
    return (number < 0 ? "-" : "") + grouped.joined()
  }

  /// `1 run`, `2 runs`.
  static func count(_ number: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    "\(count(number)) \(number == 1 ? one : many ?? one + "s")"
  }

  /// `12,345`, `1.2 M`, `3.4 G`.
  static func short(_ number: Double) -> String {
    for (size, unit) in [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")] where number >= size {
      let tenths = Int((min(number / size, 1e6) * 10).rounded(.down))
      return "\(count(tenths / 10)).\(tenths % 10) \(unit)"
    }
    return count(Int(max(number, -1e15)))
  }

  /// `99.2 %`; 100 % only where it is all.
  static func share(_ part: Int, of whole: Int) -> String {
    guard whole > 0 else { return "–" }
    let tenths = part == whole ? 1000 : min(999, Int((Double(part) / Double(whole) * 1000).rounded()))
    return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
  }

  static func length(_ duration: Duration?) -> String { duration?.short ?? "–" }
}

extension Page {
  /// The age of a moment; the moment itself as an attribute and a tooltip.
  func age(_ moment: Timestamp) -> HTML {
    HTML(.time, .datetime(moment), .title(moment.toTheSecond)) { moment.age(at: picture.madeAt) }
  }

  /// A moment and its age.
  func moment(_ moment: Timestamp) -> HTML {
    HTML(.time, .datetime(moment)) { moment.toTheSecond }
      + HTML(.span, .class("soft")) { " · \(moment.age(at: picture.madeAt))" }
  }

  /// A text from elsewhere: it may run in another direction than the page, and be longer than is shown.
  func excerpt(_ excerpt: Picture.Excerpt, atMost limit: Int) -> HTML {
    let text = String(String.UnicodeScalarView(excerpt.text.unicodeScalars.prefix(limit)))
    let isWhole = text.unicodeScalars.count >= excerpt.length
    return HTML(.bdi) { text }
      + (isWhole
        ? .empty : HTML(.span, .class("soft")) { " … (\(PageText.count(excerpt.length, "character")) in all)" })
  }

  /// The name of a job's part, with its pieces marked up.
  func name(_ part: JobPart, withShard: Bool = true) -> HTML {
    let (variant, shard) = (part.variant, withShard ? part.shard : 0)
    // The Redis is shown only where another part differs in nothing else.
    let whole = picture.names[part]
    let server = whole.utf8.count > part.description.utf8.count ? part.server : ""
    return (part.instance.isEmpty ? .empty : HTML(.span, .class("variant")) { HTML(.bdi) { bounded(part.instance) } })
      + HTML(.bdi, .class("job")) { bounded(part.job) }
      + (variant.isEmpty ? .empty : HTML(.span, .class("variant")) { HTML(.bdi) { bounded(variant) } })
      + (shard == 0 ? .empty : HTML(.span, .class("variant")) { "shard \(shard)" })
      + (server.isEmpty ? .empty : HTML(.span, .class("variant")) { HTML(.bdi) { "@" + bounded(server) } })
  }

  func bounded(_ name: String, to limit: Int = 80) -> String {
    name.unicodeScalars.count <= limit
      ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(limit))) + "…"
  }

  /// The number of elements of a list that are not shown.
  func more(_ count: Int, _ what: String, _ hint: String? = nil) -> HTML {
    guard count > 0 else { return .empty }
    return HTML(.p, .class("more")) { "and \(PageText.count(count)) more \(what)\(hint.map { "; \($0)" } ?? "")" }
  }
}
