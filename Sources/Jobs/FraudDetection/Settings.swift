import JobRuntime
import Postgres

enum Mode: String, CaseIterable, Sendable { case new, recheck, verify }

extension FraudDetection {
  struct Settings: JobSettings {
    let mode: Mode
    /// `nil` for all.
    let campaigns: [Int64]?
    /// The names of the built-in checks that run.
    let checks: [String]
    /// The operator's own.
    let files: [SQLFile]
    /// Whether these are all that there are.
    let hasAllChecks: Bool
    let suspect: Int
    let held: Int
    let perNetwork: Int
    let velocity: Velocity
    let lookBack: Duration
    let ipv6Prefix: Int
    let points: [String: Int]
    let domainsFile: String?
    let checkTimeout: Duration
    let keep: Duration
    let page: Int

    init(from env: inout Environment) {
      mode = env.choice(
        "FRAUD_MODE", default: Mode.new,
        help: "new checks what has come since the last run; recheck checks all; verify compares and writes nothing.",
        selects: .work)
      campaigns = env.custom(
        "FRAUD_CAMPAIGN", form: "numbers separated by commas", default: nil, help: "Only entries of these campaigns.",
        selects: .work(as: "campaign"), written: { Selection.asSet($0.map(String.init)) }, parse: Self.parseCampaigns)
      let folder = env.optionalPath(
        "FRAUD_CHECKS_DIR", help: "A folder of more checks, one .sql file each, that yield entry_id, points, evidence.")
      let chosen = env.custom(
        "FRAUD_CHECKS", form: "names separated by commas", default: nil,
        help: "Only these checks, of the six and of the folder; signals of others stay as they are.",
        parse: { .success($0.split(separator: ",").map { String($0.filter { $0 != " " }) }) })
      let own = [SQLFile].builtIn([], andFrom: folder, named: "FRAUD_CHECKS_DIR", &env)
      checks = chosen.map { chosen in Rules.names.filter(chosen.contains) } ?? Rules.names
      files = chosen.map { chosen in own.filter { chosen.contains($0.name) } } ?? own
      hasAllChecks = checks.count == Rules.names.count && files.count == own.count
      env.select(["FRAUD_CHECKS"], as: "checks", checks + files.map(\.name), unlike: Rules.names + own.map(\.name))
      suspect = env.int(
        "FRAUD_SUSPECT", default: 50, in: 1...100,
        help: "From this score an entry is suspect: it counts, and is listed.")
      held = env.int(
        "FRAUD_HELD", default: 80, in: 1...100,
        help: "From this score an entry is held: it does not count until a person decides.")
      perNetwork = env.int(
        "FRAUD_PER_NETWORK", default: 5, in: 1...10_000,
        help: "More sign-ups a day from one network than this are a signal.")
      velocity =
        env.custom(
          "FRAUD_VELOCITY", form: "number/duration", default: "10/1h",
          help: "More sign-ups of one referrer in this time are a signal.", parse: Velocity.parse) ?? Velocity()
      lookBack = env.duration(
        "FRAUD_LOOK_BACK", default: .days(30), in: .hours(1) ... .days(3660),
        help: "Sign-ups from one device that are further apart are no signal.")
      ipv6Prefix = env.int(
        "FRAUD_IPV6_PREFIX", default: 64, in: 32...128, help: "How many bits of an IPv6 address identify a network.")
      let points = env.custom(
        "FRAUD_POINTS", form: "names=points separated by commas", default: nil,
        help: "Other points for a check or one of its reasons: duplicate_ip=0,bot.form=30.", parse: Rules.parsePoints)
      self.points = Rules.usualPoints.merging(points ?? [:]) { $1 }
      domainsFile = env.optionalPath(
        "FRAUD_DOMAINS_FILE", help: "Disposable domains, one a line, besides those in oneshot.fraud_domains.")
      checkTimeout = env.duration(
        "FRAUD_CHECK_TIMEOUT", default: .seconds(10), in: .milliseconds(1) ... .hours(1),
        help: "How long a check of the folder may take for one page of entries; what takes longer fails alone.")
      keep = env.duration(
        "FRAUD_KEEP", default: .days(180), in: .days(1) ... .days(36_525),
        help: "Age of an entry at which what is known of it is removed; older ones are not checked.")
      env.reserveForInstallers("FRAUD_KEEP")
      page = env.int("FRAUD_BATCH", default: 1000, in: 1...10_000, help: "Entries in one transaction.")
      complain(about: chosen ?? [], &env)
    }

    private func complain(about chosen: [String], _ env: inout Environment) {
      let known = Set(checks + files.map(\.name))
      for name in chosen where !known.contains(name) {
        env.complain(
          "FRAUD_CHECKS", "names «\(name)», which is not a check; the checks are \(Rules.names.joined(separator: ", "))"
        )
      }
      if held < suspect { env.complain("FRAUD_HELD", "is \(held), below FRAUD_SUSPECT (\(suspect))") }
      for file in files where Rules.names.contains(file.name) {
        env.complain(
          "FRAUD_CHECKS_DIR", "has \(file.name).sql, and \(file.name) is a built-in check; rename the file")
      }
      if lookBack > keep {
        env.complain("FRAUD_LOOK_BACK", "is longer than FRAUD_KEEP, after which the facts that it compares are removed")
      }
    }

    private static func parseCampaigns(_ text: String) -> Environment.Parsed<[Int64]> {
      let words = text.split(separator: ",").map { $0.filter { $0 != " " } }
      let numbers = words.compactMap { Int64($0) }
      guard !numbers.isEmpty, numbers.count == words.count else {
        return .failure("is «\(text)», not campaign numbers such as 3 or 3,5")
      }
      return .success(numbers)
    }

    /// As the functions in Postgres read them.
    var rules: String {
      let numbers: [(String, JSON)] = [
        ("suspect", suspect), ("held", held), ("per_network", perNetwork), ("velocity", velocity.most),
        ("velocity_within", Int(velocity.within.components.seconds)), ("look_back", Int(lookBack.components.seconds)),
        ("ipv6_prefix", ipv6Prefix), ("keep", Int(keep.components.seconds)),
      ].map { ($0, .integer(Int64($1))) }
      let weights = points.sorted { $0.key < $1.key }.map { ($0.key, JSON.integer(Int64($0.value))) }
      return JSON(
        members: numbers + [("checks", .array(checks.map { .string($0) })), ("points", JSON(members: weights))]
      ).text
    }
  }
}
