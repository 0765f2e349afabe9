import Testing

@testable import JobRuntime

@Suite struct RuntimeSettingsTests {
  private static let reachable = ["DATABASE_URL": "postgresql://u:data%40base@h/d", "REDIS_URL": "redis://:re%40dis@h"]

  private func read(_ variables: [String: String]) -> (settings: RuntimeSettings, env: Environment) {
    var env = Environment(Self.reachable.merging(variables, uniquingKeysWith: { $1 }))
    _ = Servers(from: &env)
    let settings = RuntimeSettings(from: &env)
    return (settings, env)
  }

  @Test func `the defaults are the contract's`() {
    let (settings, env) = read([:])
    #expect(env.problems.isEmpty)
    #expect(settings.timeout == .minutes(50))
    #expect(settings.lockTTL == .seconds(30))
    #expect(settings.lockMinHold == .zero)
    #expect(settings.attempts == 3)
    #expect(settings.longestBackoff == .seconds(32))
    #expect(settings.errorBudget == .items(0))
    #expect(!settings.isForced)
    #expect(!settings.isDryRun)
    #expect(settings.shard == Shard(index: 0, count: 1))
    #expect(settings.ledgerKeep == .days(90))
  }

  @Test func `URLs and the passwords inside them are secrets`() {
    let secrets = Set(read([:]).env.secrets)
    #expect(secrets.isSuperset(of: Self.reachable.values))
    #expect(secrets.isSuperset(of: ["data@base", "re@dis"]))
  }

  @Test func `every setting that is wrong is named, all together, and no value of a secret`() {
    let wrong = [
      "DATABASE_URL": "postgresql://u:hunter2@h/d?nonsense=1", "REDIS_URL": "http://u:hunter2@h",
      "JOB_SCHEDULED_AT": "now",
      "JOB_TIMEOUT": "0s", "JOB_LOCK_TTL": "x", "JOB_LOCK_MIN_HOLD": "-1s", "JOB_ATTEMPTS": "0",
      "JOB_BACKOFF_MAX": "2h", "JOB_ERROR_BUDGET": "some", "JOB_FORCE": "perhaps", "JOB_DRY_RUN": "2",
      "JOB_SHARD_COUNT": "0", "JOB_SHARD_INDEX": "x", "JOB_LEDGER_KEEP": "1h", "JOB_LOG_FORMAT": "xml",
      "JOB_LOG_LEVEL": "loud",
    ]
    let (_, env) = read(wrong)
    #expect(Set(env.problems.map(\.name)) == Set(wrong.keys))
    #expect(env.problems.count == wrong.count)
    #expect(!env.problems.contains { $0.message.contains("hunter2") })
  }

  @Test(
    arguments: [
      ([:], 0, 1), (["JOB_SHARD_COUNT": "4", "JOB_SHARD_INDEX": "3"], 3, 4),
      (["JOB_SHARD_COUNT": "4", "JOB_COMPLETION_INDEX": "2"], 2, 4),
      (["JOB_SHARD_COUNT": "4", "AWS_BATCH_JOB_ARRAY_INDEX": "1"], 1, 4),
      (["JOB_SHARD_COUNT": "4", "JOB_COMPLETION_INDEX": "2", "AWS_BATCH_JOB_ARRAY_INDEX": "1"], 2, 4),
      (
        [
          "JOB_SHARD_COUNT": "4", "JOB_SHARD_INDEX": "0", "JOB_COMPLETION_INDEX": "2", "AWS_BATCH_JOB_ARRAY_INDEX": "1",
        ], 0, 4
      ), (["JOB_COMPLETION_INDEX": "7"], 0, 1), (["AWS_BATCH_JOB_ARRAY_INDEX": "7"], 0, 1),
      (["JOB_SHARD_INDEX": "", "JOB_SHARD_COUNT": "4", "JOB_COMPLETION_INDEX": "2"], 2, 4),
    ] as [([String: String], Int, Int)])
  func `a shard's index falls back to what the platform sets`(variables: [String: String], index: Int, count: Int) {
    let (settings, env) = read(variables)
    #expect(env.problems.isEmpty)
    #expect(settings.shard == Shard(index: index, count: count))
  }

  @Test(arguments: [
    ["JOB_SHARD_COUNT": "4", "JOB_SHARD_INDEX": "4"], ["JOB_SHARD_INDEX": "1"],
    ["JOB_SHARD_COUNT": "2", "JOB_COMPLETION_INDEX": "2"], ["JOB_SHARD_COUNT": "2", "JOB_COMPLETION_INDEX": "-1"],
  ])
  func `an index beyond the count is a problem`(variables: [String: String]) {
    #expect(read(variables).env.problems.count == 1)
  }

  @Test(
    arguments: [("0", .items(0)), ("25", .items(25)), ("0.1%", .share(0.001)), ("100%", .share(1)), ("0%", .share(0))]
      as [(String, ErrorBudget)])
  func `an error budget is a number or a share`(text: String, budget: ErrorBudget) {
    #expect(ErrorBudget(text) == budget)
  }

  @Test(arguments: ["", "-1", "101%", "-1%", "%", "nan%", "inf%", "1.5", "5 %", " 5%", "5%%", "0x10%", "many"])
  func `what is no error budget is refused`(text: String) {
    #expect(ErrorBudget(text) == nil)
  }

  @Test func `a budget of items is used up to its last`() {
    #expect(ErrorBudget.items(0).allows(failed: 0, of: 0))
    #expect(!ErrorBudget.items(0).allows(failed: 1, of: 1000))
    #expect(ErrorBudget.items(25).allows(failed: 25, of: 25))
    #expect(!ErrorBudget.items(25).allows(failed: 26, of: 1_000_000))
  }

  @Test func `a budget of a share allows exactly that share`() throws {
    for percent in 0...100 {
      for total in [100, 1000, 12_300, 1_000_000] {
        let budget = try #require(ErrorBudget("\(percent)%"))
        let allowed = total / 100 * percent
        #expect(budget.allows(failed: allowed, of: total), "\(percent)% of \(total)")
        #expect(percent == 100 || !budget.allows(failed: allowed + 1, of: total), "\(percent)% of \(total)")
      }
    }
    #expect(try #require(ErrorBudget("0.1%")).allows(failed: 1, of: 1000))
    #expect(try !#require(ErrorBudget("0.1%")).allows(failed: 1, of: 999))
    #expect(try #require(ErrorBudget("5%")).allows(failed: 0, of: 0))
  }
}
