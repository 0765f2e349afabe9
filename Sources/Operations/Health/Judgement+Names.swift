import JobRuntime

/// Names in `HEALTH_EXPECT` and `HEALTH_MAY_IDLE` that no run has.
extension Judgement {
  /// The trouble of an expectation without any run; `nil` where it may be too new for one.
  func neverSeen(_ expectation: Expectation, _ period: Duration) -> Trouble? {
    guard !isOff(expectation), !isPaused(part(of: expectation)) else { return nil }
    let ran = nearestName(to: expectation.name, among: unnamed(like: expectation.variant))
    // Other runs have nearly this name and no expectation: the name is probably misspelt, so waiting would be useless.
    guard ran != nil || now - facts.migratedAt > period + settings.grace else { return nil }
    let packaged = expectation.variant == nil ? JobNames.all.filter { $0 != expectation.job } : []
    let meant = ran ?? nearestName(to: expectation.name, among: packaged)
    return Trouble(
      part: part(of: expectation), kind: .missed, since: facts.migratedAt,
      message: meant.map {
        "no run of it was ever seen. Did HEALTH_EXPECT mean \($0)? If not: is its schedule deployed, and does it use this database?"
      }
        ?? "no run of it was ever seen. Is its schedule deployed, and not suspended? Does it use this database? If it is new: start it once"
    )
  }

  /// Names of parts that have run and that no expectation names, as `HEALTH_EXPECT` has them: of jobs, or of variants.
  private func unnamed(like variant: String?) -> Set<String> {
    let named = Set(settings.expectations.map(\.name))
    return Set(
      parts.map { part in
        let own = part.part.withoutInstance(settings.instance)
        return RunIdentity.qualified(own.job, own.instance) + (variant == nil ? "" : ":\(own.variant)")
      }
    ).subtracting(named)
  }

  func isNamed(_ part: JobPart, by name: HealthSettings.IdleName) -> Bool {
    isOf(part, name.instance, name.job) && Expectation.fit(name.variant, part.variant) != nil
  }

  /// The end of a sentence that names the entry of `HEALTH_MAY_IDLE` that was probably meant for a part; empty if there
  /// is none.
  func misspelt(for part: JobPart) -> String {
    let unused = settings.mayIdle.filter { name in !parts.contains { isNamed($0.part, by: name) } }.map(\.name)
    let own = part.withoutInstance(settings.instance)
    let name = RunIdentity.qualified(own.job, own.instance)
    let meant = [name, "\(name):\(own.variant)"].lazy.compactMap { nearestName(to: $0, among: unused) }.first
    return meant.map { ", which names «\($0)»: no run has that name" } ?? ""
  }
}

extension JobPart {
  /// The part as the checking installation names it.
  func withoutInstance(_ own: String) -> JobPart {
    var part = self
    if part.instance == own { part.instance = "" }
    return part
  }
}
