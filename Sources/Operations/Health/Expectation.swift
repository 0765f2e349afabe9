package import JobRuntime

/// How often a job is expected to run: one part of `HEALTH_EXPECT`.
package struct Expectation: Sendable, Equatable {
  /// `nil` stands for the installation that checks.
  package var instance: String?
  package var job: String
  /// The expected variant; also stands for variants that begin with it and select more (`pending` for
  /// `pending-of-asset`).
  ///
  /// `nil` stands for all variants of the job.
  ///
  /// It never stands for a variant that another expectation names, or matches with a longer beginning.
  package var variant: String?
  /// The longest time between two slots; `nil` where no run is expected.
  package var period: Duration?

  package init(instance: String? = nil, job: String, variant: String? = nil, period: Duration?) {
    (self.instance, self.job, self.variant, self.period) = (instance, job, variant, period)
  }

  /// `reindex:pending`, `staging/reindex:pending`.
  package var name: String { RunIdentity.qualified(job, instance ?? "") + (variant.map { ":\($0)" } ?? "") }

  /// How many characters of a variant's name it matches; `nil` if it does not match.
  func fit(_ variant: String) -> Int? { Self.fit(self.variant, variant) }

  static func fit(_ name: String?, _ variant: String) -> Int? {
    guard let name else { return -1 }
    return name == variant || !name.isEmpty && variant.hasPrefix(name + "-") ? name.utf8.count : nil
  }

  package static let form = "[INSTANCE/]JOB[:VARIANT]=PERIOD or =never, separated by commas"

  /// Reads `usage-aggregation=1d,metrics-rollups:weekly,monthly=7d`: a piece without `=` belongs to the next, because
  /// variants hold commas.
  package static func list(_ text: String) -> Environment.Parsed<[Expectation]> {
    var found: [Expectation] = []
    var begun: [String] = []
    for piece in text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed) {
      guard !piece.isEmpty else { return .failure("has nothing between two commas, or at an end") }
      begun.append(piece)
      guard piece.contains("=") else { continue }
      switch one(begun.joined(separator: ",")) {
      case .failure(let message): return .failure(message)
      case .success(let expectation):
        guard !found.contains(where: { $0.name == expectation.name }) else {
          return .failure("names «\(expectation.name)» twice")
        }
        found.append(expectation)
      }
      begun = []
    }
    guard begun.isEmpty else {
      return .failure("ends in «\(begun.joined(separator: ","))», which has no period: write JOB=1h")
    }
    return .success(found)
  }

  /// Stands for no period.
  private static let never = "never"

  private static func one(_ text: String) -> Environment.Parsed<Expectation> {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(trimmed)
    guard parts.count == 2 else { return .failure("has more than one «=» in «\(text)»") }
    switch name(parts[0]) {
    case .failure(let message): return .failure(message)
    case .success(let name):
      let period = parts[1] == never ? nil : DurationText.parse(parts[1])
      guard parts[1] == never || period ?? .zero >= .seconds(1) else {
        return .failure(
          "gives «\(parts[0])» the period «\(parts[1])», not «never» or a duration of a second or more, such as 5m, 1h or 7d"
        )
      }
      return .success(
        Expectation(instance: name.instance, job: name.job, variant: name.variant, period: period))
    }
  }

  typealias Name = (instance: String?, job: String, variant: String?)

  /// Reads `[INSTANCE/]JOB[:VARIANT]`.
  static func name(_ text: String) -> Environment.Parsed<Name> {
    let colon = text.firstIndex(of: ":")
    var job = String(text[..<(colon ?? text.endIndex)])
    var instance: String?
    if let slash = job.firstIndex(of: "/"), InstanceName.isValid(job[..<slash]) {
      instance = String(job[..<slash])
      job = String(job[job.index(after: slash)...])
    }
    let variant = colon.map { String(text[text.index(after: $0)...]) }
    if job.contains(",") {
      let first = job.prefix { $0 != "," }
      return .failure("has no period after «\(first)»: a job's name contains no comma")
    }
    guard isWord(job, "-_.") else { return .failure("names «\(job)», which is not the name of a job") }
    if let variant, !isWord(variant, "-_,") {
      return .failure("names «\(text)», whose variant does not consist of letters, digits, commas, - and _")
    }
    return .success((instance, job, variant))
  }

  private static func isWord(_ text: String, _ others: String) -> Bool {
    !text.isEmpty
      && text.unicodeScalars.allSatisfy { scalar in
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
          || others.unicodeScalars.contains(scalar)
      }
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
