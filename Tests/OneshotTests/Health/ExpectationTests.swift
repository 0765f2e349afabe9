import JobRuntime
import Operations
import Testing

/// `HEALTH_EXPECT`, `HEALTH_MAY_IDLE`.
@Suite struct ExpectationTests {
  private func read(_ settings: [String: String]) -> (settings: HealthSettings, problems: [String]) {
    var env = Environment(settings)
    let settings = HealthSettings(from: &env)
    return (settings, env.problems.map { "\($0.name) \($0.message)" })
  }

  @Test func `jobs and variants have periods, and variants hold commas`() {
    let (settings, problems) = read([
      "HEALTH_EXPECT":
        "usage-aggregation=1d, top-stats = 1h,reindex:pending=1m,metrics-rollups:weekly,monthly=7d,reindex=90m"
    ])
    #expect(problems == [])
    #expect(
      settings.expectations == [
        Expectation(job: "usage-aggregation", period: .days(1)), Expectation(job: "top-stats", period: .hours(1)),
        Expectation(job: "reindex", variant: "pending", period: .minutes(1)),
        Expectation(job: "metrics-rollups", variant: "weekly,monthly", period: .days(7)),
        Expectation(job: "reindex", period: .minutes(90)),
      ])
    #expect(read(["HEALTH_EXPECT": "old=never"]).settings.expectations == [Expectation(job: "old", period: nil)])
  }

  @Test(arguments: [
    ("usage-aggregation", "ends in «usage-aggregation», which has no period"),
    ("top-stats=1h,reindex:a,b", "ends in «reindex:a,b», which has no period"),
    ("usage-aggregation,top-stats=1h", "has no period after «usage-aggregation»: a job's name contains no comma"),
    ("top-stats=1h,", "nothing between two commas"), ("top-stats=1h,,a=1d", "nothing between two commas"),
    ("top-stats=soon", "the period «soon»"), ("top-stats=0s", "the period «0s»"), ("top-stats=", "the period «»"),
    ("top-stats=500ms", "a second or more"), ("top-stats=Never", "not «never» or a duration"),
    ("a=1h=2h", "more than one «=»"), ("=1h", "«», which is not the name of a job"),
    ("top stats=1h", "«top stats», which is not the name of a job"), ("größe=1h", "not the name of a job"),
    ("reindex:=1h", "variant does not consist of letters"), ("reindex:a b=1h", "variant does not consist of letters"),
    ("top-stats=1h,top-stats=2h", "names «top-stats» twice"), ("a:b=1h,a:b=1h", "names «a:b» twice"),
  ])
  func `a mistake is named`(text: String, words: String) {
    let problems = read(["HEALTH_EXPECT": text]).problems
    #expect(problems.count == 1 && problems[0].contains(words), "\(problems)")
    #expect(problems.allSatisfy { $0.hasPrefix("HEALTH_EXPECT ") })
  }

  @Test func `what may be idle is told apart by spaces`() {
    let (settings, problems) = read(["HEALTH_MAY_IDLE": " reindex:pending  metrics-rollups:weekly,monthly top-stats"])
    #expect(problems == [])
    #expect(
      settings.mayIdle == [
        .init(job: "reindex", variant: "pending"), .init(job: "metrics-rollups", variant: "weekly,monthly"),
        .init(job: "top-stats"),
      ])
    #expect(read(["HEALTH_MAY_IDLE": "top-stats,reindex"]).problems.first?.contains("separated by spaces") == true)
    #expect(read(["HEALTH_MAY_IDLE": "a:"]).problems.count == 1)
  }
}
