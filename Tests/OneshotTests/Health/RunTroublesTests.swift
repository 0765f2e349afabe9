import JobRuntime
import Testing

@testable import Operations

/// How runs go, whatever their schedule: stuck, slow, failing, idle, debt; by facts alone.
@Suite struct RunTroublesTests {
  private let settings = HealthSettings()

  private func history(count: Int = 20, _ newest: (inout LedgerRun) -> Void = { _ in }) -> History {
    var history = History()
    history.addRegular(every: .hours(1), newest: .minutes(61), count: count)
    history.add(ago: [.minutes(1)], change: newest)
    return history
  }

  // MARK: Stuck

  @Test func `a run beyond its deadline is stuck, fifteen seconds after it`() {
    func kinds(_ deadline: Timestamp?) -> [String] {
      // Too few before it to call it slow.
      var history = history(count: 4)
      history.runs[4].status = .running
      history.runs[4].finishedAt = nil
      history.runs[4].deadlineAt = deadline
      return history.kinds(settings)
    }
    #expect(kinds(History.now) == [])
    #expect(kinds(History.now - .seconds(15)) == [])
    #expect(kinds(History.now - .seconds(16)) == ["job stuck"])
    #expect(kinds(nil) == [], "a row of an older version")
  }

  @Test func `a run whose lock is not its own has died`() {
    var history = history(count: 4)
    history.runs[4].status = .running
    history.runs[4].finishedAt = nil
    #expect(history.kinds(settings) == [])
    history.orphans = [history.runs[4].id]
    #expect(history.kinds(settings) == ["job stuck"])
  }

  @Test func `a lock without an end keeps every run out, whoever set it`() {
    var history = history()
    history.locks = [
      HeldLock(key: "oneshot:lock:job/3", value: Array("mine".utf8), timeLeft: nil),
      HeldLock(key: "oneshot:lock:job", value: Array("mine".utf8), timeLeft: .seconds(1)),
      HeldLock(key: "oneshot:lock:of-nobody", value: Array("?".utf8), timeLeft: nil),
      HeldLock(key: "oneshot:lock:a/x", value: Array("?".utf8), timeLeft: nil),
    ]
    #expect(history.kinds(settings) == ["a/x stuck", "job/3 stuck", "of-nobody stuck"])
    history.locks = nil
    #expect(history.kinds(settings) == [])
  }

  // MARK: Slow

  @Test func `much longer than the median before it, and ten seconds more, is slow`() {
    func kinds(_ length: Duration, usually: Duration, count: Int = 20) -> [String] {
      var history = History()
      history.addRegular(every: .hours(1), newest: .minutes(61), count: count) {
        $0.finishedAt = $0.startedAt + usually
      }
      history.add(ago: [.minutes(30)], took: length)
      return history.kinds(settings)
    }
    #expect(kinds(.seconds(60), usually: .seconds(20)) == [])
    #expect(kinds(.seconds(61), usually: .seconds(20)) == ["job slow"])
    #expect(kinds(.seconds(61), usually: .seconds(20), count: 5) == ["job slow"])
    #expect(kinds(.seconds(61), usually: .seconds(20), count: 4) == [], "too few to tell")
    #expect(kinds(.seconds(10), usually: .milliseconds(50)) == [])
    #expect(kinds(.milliseconds(10_051), usually: .milliseconds(50)) == ["job slow"])
  }

  @Test func `a run that goes on is slow before it ends`() {
    var history = history {
      $0.status = .running
      $0.finishedAt = nil
    }
    #expect(history.kinds(settings) == ["job slow"], "a minute, where two seconds are usual")
    #expect(history.troubles(settings).first?.message.contains("has been running for 1m") == true)
    history.runs[history.runs.count - 1].startedAt = History.now - .seconds(11)
    #expect(history.kinds(settings) == [])
  }

  @Test func `a run that only waited for another variant's lock is not slow`() {
    func kinds(waited: Duration, changesFence: Bool = false) -> [String] {
      var history = History()
      history.addRegular(every: .hours(1), newest: .minutes(61))
      history.add(variant: "rebuild", ago: [.minutes(30)], took: .minutes(10) + waited)
      history.add(ago: [.minutes(20)], took: .minutes(5))
      // Who got the lock later kept nobody waiting.
      if changesFence { history.runs[history.runs.count - 2].fence = 99 }
      return history.kinds(settings)
    }
    #expect(kinds(waited: .seconds(295)) == [])
    #expect(kinds(waited: .minutes(4)) == ["job slow"])
    #expect(kinds(waited: .seconds(295), changesFence: true) == ["job slow"])
  }

  // MARK: Failing

  @Test(
    arguments: [
      (LedgerRun.Status.partial, nil, true), (.failed, "internal", true), (.failed, "denied", true),
      (.failed, "misconfigured", true), (.failed, "unavailable", false), (.failed, "abandoned", false),
      (.failed, "lock_lost", false), (.failed, "deadline", false), (.interrupted, nil, false),
    ] as [(LedgerRun.Status, String?, Bool)])
  func `what needs a person is told at once, the rest after three in a row`(
    status: LedgerRun.Status, kind: String?, isUrgent: Bool
  ) {
    func kinds(_ count: Int) -> [String] {
      var history = history()
      history.add(ago: (0..<count).map { .seconds(50 - $0) }, status) {
        $0.errorKind = kind
        $0.errorMessage = "because"
      }
      return history.kinds(settings)
    }
    #expect(kinds(1) == (isUrgent ? ["job failing"] : []))
    #expect(kinds(2) == (isUrgent ? ["job failing"] : []))
    #expect(kinds(3) == ["job failing"])
  }

  @Test func `a success ends it, and a run that goes on does not`() {
    var history = history()
    history.add(ago: [.seconds(40), .seconds(30), .seconds(20)], .failed) { $0.errorKind = "unavailable" }
    history.add(ago: [.seconds(5)], .running)
    #expect(history.kinds(settings) == ["job failing"])
    #expect(history.troubles(settings).first?.message.contains("the last 3 runs did not succeed") == true)
    history.add(ago: [.seconds(1)])
    #expect(history.kinds(settings) == [])
  }

  @Test func `what somebody wanted once is ended by any success, and ends no failure of the usual work`() {
    func add(_ history: inout History, _ ago: Duration, isOnce: Bool, _ status: LedgerRun.Status = .failed) {
      history.add(ago: [ago], status) {
        $0.isOnce = isOnce
        if status == .failed { $0.errorKind = "denied" }
      }
    }
    for isUsual in [false, true] {
      var history = history()
      add(&history, .seconds(40), isOnce: true)
      #expect(history.kinds(settings) == ["job failing"])
      add(&history, .seconds(30), isOnce: !isUsual, .succeeded)
      #expect(history.kinds(settings) == [])
    }
    var history = history()
    add(&history, .seconds(40), isOnce: false)
    add(&history, .seconds(30), isOnce: true, .succeeded)
    #expect(history.kinds(settings) == ["job failing"])
    // One of which there is no usual work.
    for (ago, troubles) in [(Duration.hours(23), ["job failing"]), (.hours(25), [])] {
      var alone = History()
      add(&alone, ago, isOnce: true)
      #expect(alone.kinds(HealthSettings()) == troubles)
    }
  }

  @Test func `what somebody wanted once may take long and find nothing`() {
    var history = history()
    history.add(ago: [.minutes(3), .minutes(2), .minutes(1)], took: .seconds(50)) {
      $0.isOnce = true
      $0.itemsProcessed = 0
    }
    #expect(history.kinds(settings) == [])
  }

  // MARK: Flapping

  @Test(
    arguments: [
      // The newest first: S succeeded, F failed, D denied, which is urgent.
      ("FSFSFS", 3, "flapping"), ("SFSFSF", 3, "flapping"), ("SSFSFS", 3, nil), ("SFFSFS", 3, "flapping"),
      ("DSFSFS", 3, "flapping"), ("DSSSSS", 3, "failing"), ("SSSFFF", 3, nil), ("FFFSFS", 3, "failing"),
      ("SFSF", 3, nil), ("SFSF", 2, "flapping"), ("SFSFSFSFSFSFSFSFSFSF", 20, "flapping"), ("FS", 1, "failing"),
      ("SF", 1, nil),
    ] as [(String, Int, String?)])
  func `every other run that fails is flapping, and failures in a row are failing`(
    outcomes: String, failures: Int, trouble: String?
  ) {
    var history = History()
    for (index, outcome) in outcomes.enumerated() {
      history.add(ago: [.minutes(1 + 60 * index)], outcome == "S" ? .succeeded : .failed) {
        $0.errorKind = outcome == "F" ? "unavailable" : outcome == "D" ? "denied" : nil
      }
    }
    #expect(history.kinds(HealthSettings(failures: failures)) == trouble.map { ["job \($0)"] } ?? [])
  }

  // MARK: Idle and debt

  @Test func `three successes that found nothing are idle, unless they may`() {
    func kinds(_ items: [Int64?], _ settings: HealthSettings) -> [String] {
      var history = History()
      for (index, items) in items.enumerated() {
        history.add(variant: "v", ago: [.minutes(10 + index)]) { $0.itemsProcessed = items }
      }
      return history.kinds(settings)
    }
    #expect(kinds([0, 0, 0], settings) == ["job:v idle"])
    #expect(kinds([0, 0, 1], settings) == [])
    #expect(kinds([1, 0, 0, 0], settings) == [])
    #expect(kinds([0, 0], settings) == [])
    #expect(kinds([0, nil, 0], settings) == [], "an older version did not tell")
    for name in [HealthSettings.IdleName(job: "job"), .init(job: "job", variant: "v")] {
      #expect(kinds([0, 0, 0], HealthSettings(mayIdle: [name])) == [])
    }
    #expect(kinds([0, 0, 0], HealthSettings(mayIdle: [.init(job: "job", variant: "w")])) == ["job:v idle"])
  }

  @Test func `work left three times, and no less of it, is a debt`() {
    /// The newest first.
    func kinds(_ behind: [Int64?]) -> [String] {
      var history = History()
      for (index, behind) in behind.enumerated() { history.add(ago: [.minutes(10 + index)]) { $0.behind = behind } }
      return history.kinds(settings)
    }
    #expect(kinds([5, 5, 5]) == ["job debt"])
    #expect(kinds([9, 3, 5]) == ["job debt"])
    #expect(kinds([4, 9, 5]) == [], "it shrinks")
    #expect(kinds([5, 0, 5]) == [])
    #expect(kinds([5, 5]) == [])
    #expect(kinds([5, nil, 5]) == [])
  }

  @Test func `dead letters are told only where somebody said how old they may be`() {
    var history = history()
    history.letters = [.init(job: "job", count: 7, oldest: History.now - .days(3))]
    #expect(history.kinds(settings) == [])
    #expect(history.kinds(HealthSettings(deadLettersAge: .days(4))) == [])
    #expect(history.kinds(HealthSettings(deadLettersAge: .days(2))) == ["job dead_letters"])
  }

  // MARK: Who is judged

  @Test func `what nobody expects is judged for a week, and what is expected for as long`() {
    var history = History()
    history.add(ago: [.days(8)], .partial)
    #expect(history.kinds(settings) == [])
    #expect(history.kinds(.expecting(every: .days(31))) == ["job failing"])
    history.runs = []
    history.add(ago: [.days(6)], .partial)
    #expect(history.kinds(settings) == ["job failing"])
    history.runs = []
    history.add(ago: [.days(8)], .running)
    #expect(history.kinds(settings) == ["job stuck"])
    // It died, and of a job that is gone no run will end its row.
    history.orphans = [history.runs[0].id]
    #expect(history.kinds(settings) == [])
    #expect(history.kinds(.expecting(every: .days(31))) == ["job stuck"])
  }

  @Test func `a run of times to come is told, and hides nothing`() {
    var history = History()
    history.addRegular(every: .hours(1), newest: .minutes(1))
    history.add(ago: [.seconds(5)], .failed) { $0.errorKind = "denied" }
    history.add(ago: [.minutes(-10)])
    #expect(history.kinds(.expecting(every: .hours(1))) == [], "clocks differ")
    history.runs[history.runs.count - 1].startedAt = History.now + .minutes(11)
    #expect(history.kinds(.expecting(every: .hours(1))) == ["job failing", "job clock"])
    history.runs.removeAll { $0.startedAt <= History.now && $0.startedAt > History.now - .minutes(90) }
    #expect(history.kinds(.expecting(every: .hours(1))) == ["job missed", "job clock"])
  }

  @Test(
    arguments: [
      ("top-stats/2", "top-stats/2"), ("x; touch /tmp/pwn", "'x; touch /tmp/pwn'"), ("it's", #"'it'\''s'"#),
      ("-f", "'-f'"),
      ("", "''"), ("$(a)", "'$(a)'"), ("ä", "'ä'"),
    ])
  func `what somebody else named stands in a command as one word`(name: String, word: String) {
    var history = History()
    history.locks = [HeldLock(key: "oneshot:lock:\(name)", value: Array("?".utf8), timeLeft: nil)]
    history.letters = [.init(job: name, count: 1, oldest: History.now - .days(3))]
    let messages = history.troubles(HealthSettings(deadLettersAge: .days(2))).map(\.message)
    #expect(messages.contains { $0.hasSuffix("oneshot unlock \(word)") })
    #expect(messages.contains { $0.contains("--job \(word) shows") })
  }

  @Test func `variants and shards go each their own way`() {
    var history = History()
    for shard in 0..<2 {
      history.addRegular(variant: "hourly", shard: shard, of: 2, every: .hours(1))
      history.addRegular(variant: "weekly", shard: shard, of: 2, every: .days(7), newest: .days(1)) {
        $0.finishedAt = $0.startedAt + .minutes(30)
      }
    }
    #expect(history.kinds(settings) == [])
    history.add(variant: "weekly", shard: 1, of: 2, ago: [.minutes(3)], .failed) { $0.errorKind = "denied" }
    #expect(history.kinds(settings) == ["job:weekly/1 failing"])
  }
}
