/// Reads and writes sizes in bytes: `64KiB`, `16MiB`, `4GiB`, `1000`.
public enum ByteSize {
  // Largest unit first, for writing.
  private static let units: [(name: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1),
  ]

  /// `nil` for anything else.
  public static func parse(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text[digits.endIndex...]
    guard let count = Int(digits), let factor = units.first(where: { $0.name == unit })?.bytes else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
    return overflow ? nil : bytes
  }

  /// Writes bytes in the largest unit that divides them: 65,536 is `64KiB`, 1000 is `1000`.
  public static func format(_ bytes: Int) -> String {
    let unit = units.first { bytes != 0 && bytes.isMultiple(of: $0.bytes) } ?? ("", 1)
    return "\(bytes / unit.bytes)\(unit.name)"
  }
}

extension Environment {
  /// - Parameter fallback: in bytes, like the range.
  public mutating func size(_ name: String, default fallback: Int, in range: ClosedRange<Int>, help: String) -> Int {
    custom(name, form: "size", default: ByteSize.format(fallback), help: help) { text in
      guard let value = ByteSize.parse(text) else {
        return .failure("is «\(text)», not a size such as 1000, 64KiB, 16MiB or 4GiB")
      }
      guard range.contains(value) else {
        let bounds = "\(ByteSize.format(range.lowerBound))…\(ByteSize.format(range.upperBound))"
        return .failure("is \(text), outside of \(bounds)")
      }
      return .success(value)
    } ?? fallback
  }
}
