import JobRuntime
import Testing

@testable import Operations

/// Whether runs come when they should: missed, late, too often; by facts alone.
@Suite struct ScheduleTests {
  private let hourly = HealthSettings.expecting(every: .hours(1))

  @Test func `what runs as expected is well`() {
    for period in [Duration.minutes(1), .hours(1), .days(1), .days(7), .days(31)] {
      var history = History()
      history.addRegular(every: period, newest: period)
      #expect(history.kinds(.expecting(every: period)) == [])
    }
  }

  @Test func `nothing started for longer than period and grace is missed, and not before`() {
    var history = History()
    history.addRegular(every: .hours(1), newest: .minutes(70))
    #expect(history.kinds(hourly) == [])
    history.runs = []
    history.addRegular(every: .hours(1), newest: .minutes(71))
    let troubles = history.troubles(hourly)
    #expect(history.kinds(hourly) == ["job missed"])
    #expect(troubles.first?.since == History.now - .minutes(11))
    var patient = hourly
    patient.grace = .minutes(11)
    #expect(history.kinds(patient) == [])
  }

  @Test func `failures that start in time are not missed, but late`() {
    var history = History()
    history.add(ago: [.minutes(5), .minutes(65)], .failed) { $0.errorKind = "unavailable" }
    history.addRegular(every: .hours(1), newest: .minutes(125))
    #expect(history.kinds(hourly) == ["job late"])
  }

  @Test func `a run that goes on may still make it, but not for ever`() {
    var history = History()
    history.add(ago: [.minutes(20)], .running)
    history.addRegular(every: .hours(1), newest: .minutes(80)) { $0.finishedAt = $0.startedAt + .minutes(40) }
    history.locks = [HeldLock(key: "oneshot:lock:job", value: Array("".utf8), timeLeft: .seconds(20))]
    #expect(history.kinds(hourly) == [])
    history.runs[0].startedAt = History.now - .minutes(71)
    history.runs[0].deadlineAt = History.now + .minutes(20)
    history.runs.removeLast(20)
    #expect(history.kinds(hourly) == ["job late"])
  }

  @Test func `a failure whose retry went well is nothing to tell`() {
    var history = History()
    history.add(ago: [.minutes(30)]) { $0.attempt = 2 }
    history.add(ago: [.minutes(32)], .failed) { $0.errorKind = "unavailable" }
    history.addRegular(every: .hours(1), newest: .minutes(90))
    #expect(history.kinds(hourly) == [])
  }

  @Test func `a job that was never seen is missed, unless the schema is newer than its period`() {
    var history = History()
    #expect(history.kinds(hourly) == ["job missed"])
    #expect(history.kinds(.expecting(variant: "weekly", every: .days(7))) == ["job:weekly missed"])
    history.migratedAt = History.now - .minutes(69)
    #expect(history.kinds(hourly) == [])
    // Others were seen.
    history.addRegular("other", every: .hours(1))
    history.migratedAt = History.now - .minutes(71)
    #expect(history.kinds(hourly) == ["job missed"])
  }

  @Test func `a job that was just deployed, with one run or a few bad ones, is not late`() {
    var history = History()
    history.add(ago: [.minutes(5)], .failed) { $0.errorKind = "unavailable" }
    #expect(history.kinds(.expecting(every: .days(7))) == [])
    history.add(ago: [.days(8)], .failed) { $0.errorKind = "unavailable" }
    #expect(history.kinds(.expecting(every: .days(7))) == ["job late"])
  }

  // MARK: Slots

  @Test func `a start long after its slot is late, for a day at most`() {
    let daily = HealthSettings.expecting(every: .days(1))
    func history(startedAfter delay: Duration, ago: Duration, change: (inout LedgerRun) -> Void = { _ in }) -> [String]
    {
      var history = History()
      history.add(ago: [ago]) { run in
        run.scheduledAt = run.startedAt - delay
        run.scheduledBy = "kubernetes"
        change(&run)
      }
      history.addRegular(every: .days(1), newest: ago + .days(1))
      return history.kinds(daily)
    }
    #expect(history(startedAfter: .minutes(9), ago: .minutes(5)) == [])
    #expect(history(startedAfter: .minutes(11), ago: .minutes(5)) == ["job late"])
    #expect(history(startedAfter: .minutes(11), ago: .hours(23)) == ["job late"])
    #expect(history(startedAfter: .minutes(11), ago: .hours(24) + .minutes(1)) == [])
    // A slot read from the clock, a forced run, a retry.
    #expect(history(startedAfter: .hours(2), ago: .minutes(5)) { $0.scheduledBy = "clock" } == [])
    #expect(history(startedAfter: .hours(2), ago: .minutes(5)) { $0.isForced = true } == [])
    #expect(history(startedAfter: .hours(2), ago: .minutes(5)) { $0.attempt = 2 } == [])
    // An older slot, which somebody asked for after a newer one had run.
    #expect(history(startedAfter: .days(3), ago: .minutes(5)) == [])
  }

  // MARK: Too often

  @Test func `six successes far closer than expected are too many`() {
    var history = History()
    history.addRegular(every: .minutes(44))
    #expect(history.kinds(hourly) == ["job too_often"])
    history.runs = []
    history.addRegular(every: .minutes(46))
    #expect(history.kinds(hourly) == [])
    history.runs = []
    history.addRegular(every: .minutes(5), count: 5)
    #expect(history.kinds(hourly) == [])
  }

  @Test func `who has become rarer does not come too often any more`() {
    let daily = HealthSettings.expecting(every: .days(1))
    func kinds(hourlyUntil last: Duration, since: [Duration] = []) -> [String] {
      var history = History()
      history.add(ago: since)
      history.addRegular(every: .hours(1), newest: last)
      return history.kinds(daily)
    }
    #expect(kinds(hourlyUntil: .minutes(70)) == ["job too_often"])
    #expect(kinds(hourlyUntil: .minutes(71)) == [])
    #expect(kinds(hourlyUntil: .minutes(13 * 60), since: [.minutes(1)]) == [])
    #expect(kinds(hourlyUntil: .days(1) + .minutes(13 * 60), since: [.minutes(1), .days(1)]) == [])
  }

  @Test func `runs that people start by hand beside a platform's are not too many`() {
    var history = History()
    history.add(ago: (1...5).map { .minutes($0) })
    history.addRegular(every: .hours(1), newest: .minutes(30)) { $0.scheduledBy = "kubernetes" }
    #expect(history.kinds(hourly) == [])
    history.add(ago: (6...12).map { .minutes($0) }) { $0.isForced = true }
    #expect(history.kinds(hourly) == [])
  }

  // MARK: Variants and shards

  @Test func `a job without a variant stands for all variants that are not named`() {
    var history = History()
    history.addRegular(variant: "a", every: .hours(2), newest: .minutes(1))
    history.addRegular(variant: "b", every: .hours(2), newest: .minutes(61))
    #expect(history.kinds(hourly) == [])
    // One that is named has a schedule of its own, and does not speak for the others.
    var both = hourly
    both.expectations.append(Expectation(job: "job", variant: "often", period: .minutes(1)))
    history.addRegular(variant: "often", every: .minutes(1))
    #expect(history.kinds(both) == [])
    history.runs.removeAll { $0.part.variant == "a" || $0.part.variant == "b" }
    #expect(history.kinds(both) == ["job missed"])
    history.runs = []
    history.addRegular(variant: "a", every: .hours(1))
    #expect(history.kinds(both) == ["job:often missed"])
  }

  @Test func `an expectation stands for variants that select more, unless another names them`() {
    var history = History()
    history.addRegular(variant: "pending-of-asset", every: .minutes(1), newest: .minutes(40))
    history.addRegular(variant: "pendings", every: .minutes(1))
    var settings = HealthSettings.expecting(variant: "pending", every: .minutes(1))
    #expect(history.kinds(settings) == ["job:pending missed"])
    settings.expectations.append(Expectation(job: "job", variant: "pending-of-asset", period: .hours(1)))
    #expect(!history.kinds(settings).contains { $0.hasPrefix("job:pending-of-asset missed") })
  }

  @Test func `while a run of another variant holds the lock, nothing could start`() {
    var settings = HealthSettings.expecting(variant: "pending", every: .minutes(1))
    settings.grace = .minutes(10)
    var history = History()
    history.addRegular(variant: "pending", every: .minutes(1), newest: .minutes(100))
    #expect(history.kinds(settings) == ["job:pending missed"])
    history.add(variant: "rebuild", ago: [.minutes(99)], took: .minutes(95))
    #expect(history.kinds(settings) == [])
    // A short one beside it is no excuse.
    history.runs.removeLast()
    history.add(variant: "changed", ago: [.minutes(2)], took: .seconds(5))
    #expect(history.kinds(settings) == ["job:pending missed"])
    // One that goes on is, as long as it is alive.
    history.runs.removeLast()
    history.add(variant: "rebuild", ago: [.minutes(99)], .running) { $0.deadlineAt = History.now + .minutes(1) }
    #expect(history.kinds(settings) == [])
    history.runs[history.runs.count - 1].deadlineAt = History.now - .minutes(1)
    #expect(history.kinds(settings) == ["job:pending missed", "job:rebuild stuck"])
  }

  @Test func `a slot that another variant's run swallowed is not missed, but one after it is`() {
    // Slots an hour apart, the newest run in the one before the rebuild, which began 40 minutes later.
    func kinds(rebuild length: Int, now minute: Int) -> [String] {
      var history = History()
      history.addRegular(every: .hours(1), newest: .minutes(minute))
      history.add(variant: "rebuild", ago: [.minutes(minute - 40)], took: .minutes(length))
      return history.kinds(
        HealthSettings(expectations: [
          Expectation(job: "job", period: .hours(1)), Expectation(job: "job", variant: "rebuild", period: .days(7)),
        ]))
    }
    for (length, next) in [(30, 120), (45, 120), (90, 180), (105, 180)] {
      for minute in stride(from: 40 + length + 1, through: next, by: 5) {
        #expect(kinds(rebuild: length, now: minute) == [], "\(length) \(minute)")
      }
      #expect(kinds(rebuild: length, now: 40 + length + 71) == ["job missed"], "\(length)")
    }
  }

  @Test func `whoever is kept out of all slots is missed, by two periods that were free`() {
    var history = History()
    history.addRegular(every: .hours(1), newest: .minutes(181))
    history.add(variant: "v", ago: (0..<4).map { .minutes(13 + 60 * $0) }, took: .minutes(12))
    var both = hourly
    both.expectations.append(Expectation(job: "job", variant: "v", period: .hours(1)))
    #expect(history.kinds(both) == ["job missed"])
  }

  @Test func `a run that took longer than the period is no reason to miss its successors`() {
    func kinds(_ status: LedgerRun.Status, ended minutes: Int) -> [String] {
      var history = History()
      history.addRegular(every: .hours(1), newest: .minutes(140 + minutes), count: 3)
      history.add(ago: [.minutes(75 + minutes)], took: .minutes(75), status) { $0.errorKind = "unavailable" }
      return history.kinds(hourly)
    }
    #expect(kinds(.succeeded, ended: 1) == [])
    #expect(kinds(.succeeded, ended: 69) == [])
    #expect(kinds(.succeeded, ended: 71) == ["job missed"])
    // What failed for so long is late all the same.
    #expect(kinds(.failed, ended: 1) == ["job late"])
  }

  @Test func `what was found dead much later kept nobody out`() {
    var history = History()
    history.addRegular(every: .hours(1), newest: .minutes(130))
    history.add(variant: "v", ago: [.minutes(120)], took: .minutes(119), .failed) { $0.errorKind = "abandoned" }
    var both = hourly
    both.expectations.append(Expectation(job: "job", variant: "v", period: .days(7)))
    #expect(history.kinds(both) == ["job missed"])
  }

  @Test func `each shard has a schedule, and one that never came is missed`() {
    var history = History()
    for shard in 0..<3 { history.addRegular(shard: shard, of: 3, every: .hours(1)) }
    #expect(history.kinds(hourly) == [])
    history.runs.removeAll { $0.part.shard == 1 && $0.startedAt > History.now - .minutes(90) }
    #expect(history.kinds(hourly) == ["job/1 missed"])
    history.runs.removeAll { $0.part.shard == 2 }
    #expect(history.kinds(hourly) == ["job/1 missed", "job/2 missed"])
  }

  @Test func `who shares the work anew is judged by the new shares`() {
    var history = History()
    for shard in 0..<4 { history.addRegular(shard: shard, of: 4, every: .hours(1), newest: .minutes(65)) }
    history.add(shard: 0, of: 2, ago: [.minutes(5)])
    history.add(shard: 1, of: 2, ago: [.minutes(5)])
    #expect(history.kinds(hourly) == [])
    history.runs.removeLast()
    // The second of two has its period, and then it is missed.
    #expect(history.kinds(hourly) == [])
    history.runs.removeLast()
    history.add(shard: 0, of: 2, ago: [.minutes(71), .minutes(11)])
    #expect(history.kinds(hourly) == ["job/1 missed"])
  }

  @Test func `the doctor does not judge itself; for others its findings are its success`() {
    var history = History()
    history.addRegular("job-doctor", every: .minutes(5)) { $0.status = .partial }
    let settings = HealthSettings.expecting("job-doctor", every: .minutes(5))
    #expect(history.kinds(settings) == [])
    history.runs = []
    #expect(history.kinds(settings) == ["job-doctor missed"])
    #expect(history.kinds(settings, by: "job-doctor") == [])
  }
}
