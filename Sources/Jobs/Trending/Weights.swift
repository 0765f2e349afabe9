import Glibc
import JobRuntime

/// What events count, and how fast they age.
///
/// All of it is whole numbers, so a sum is the same in whatever order it is added.
struct Weights: Sendable {
  /// In the order in which they were written.
  let kinds: [(name: String, thousandths: Int64)]

  static let usual = Weights(kinds: [("view", 100), ("like", 2000), ("comment", 3000), ("share", 5000)])

  var names: [String] { kinds.map(\.name) }

  /// As `TRENDING_WEIGHTS` has them: `view=0.1,like=2`.
  var text: String { kinds.map { "\($0.name)=\(Self.format($0.thousandths))" }.joined(separator: ",") }

  func countsForNothing(_ kind: String) -> Bool { kinds.contains { $0.name == kind && $0.thousandths == 0 } }

  /// How many of a score's units are a point: thousandths of a weight, and millionths of it left after a time.
  static let unitsInPoint: Int64 = 1_000_000_000

  /// The units that an event counts, by its kind and by its age in whole minutes, as a literal of an array.
  ///
  /// - Parameters:
  ///   - decay: share of the weight that is left after an hour.
  ///   - age: the greatest age, not itself included.
  func units(_ decay: Double, upTo age: Duration) -> String {
    table(decay, age) { $0 * $1 }
  }

  /// The same in millionths of a point, rounded up, which are smaller numbers: for the pass that reads all events.
  func bounds(_ decay: Double, upTo age: Duration) -> String {
    table(decay, age) { ($0 * $1 + 999) / 1000 }
  }

  private func table(_ decay: Double, _ age: Duration, _ entry: (Int64, Int64) -> Int64) -> String {
    let minutes = age.inMilliseconds / 60_000
    let factors = (0...minutes).map { Int64((pow(decay, Double($0) / 60) * 1_000_000 + 0.5).rounded(.down)) }
    let rows = kinds.map { kind in factors.map { "\(entry(kind.thousandths, $0))" }.joined(separator: ",") }
    return "{" + rows.map { "{\($0)}" }.joined(separator: ",") + "}"
  }

  // MARK: Text

  /// A kind counts 1,000 points at most: then an event's millionths of a point fit into four bytes.
  private static let most: Int64 = 1_000_000

  static func parse(_ text: String) -> Environment.Parsed<Weights> {
    var kinds: [(name: String, thousandths: Int64)] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "=", omittingEmptySubsequences: false).map { String($0.filter { $0 != " " }) }
      guard words.count == 2, !words[0].isEmpty, let weight = thousandths(words[1]) else {
        return .failure(
          "holds «\(part)», not a kind and its weight from 0 to 1000 with at most three decimals: like=2.5")
      }
      guard !kinds.contains(where: { ExactName($0.name) == ExactName(words[0]) }) else {
        return .failure("names the kind «\(words[0])» twice")
      }
      kinds.append((words[0], weight))
    }
    return .success(Weights(kinds: kinds))
  }

  private static func thousandths(_ text: String) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let whole = Int64(parts[0]), whole <= most
    else { return nil }
    let digits = parts.count == 2 ? parts[1] : "0"
    guard digits.count <= 3, let fraction = Int64(digits + String(repeating: "0", count: 3 - digits.count)) else {
      return nil
    }
    let value = whole * 1000 + fraction
    return value <= most ? value : nil
  }

  private static func format(_ thousandths: Int64) -> String {
    let fraction = String(String(1000 + thousandths % 1000).dropFirst())
    let digits = fraction.prefix(3 - fraction.reversed().prefix { $0 == "0" }.count)
    return digits.isEmpty ? "\(thousandths / 1000)" : "\(thousandths / 1000).\(digits)"
  }
}
