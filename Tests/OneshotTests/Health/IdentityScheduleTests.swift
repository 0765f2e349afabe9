import JobRuntime
import Testing

@testable import Operations

/// Whose runs keep which schedule: Redis, installations, and what somebody wanted once.
@Suite struct IdentityScheduleTests {
  @Test func `a Redis whose runs had ended when another's began is replaced by it, one that goes on beside it is not`()
  {
    var history = History()
    for (server, newest) in [("a:6379/0", Duration.days(3)), ("b:6379/0", .hours(2))] {
      history.addRegular(every: .days(1), newest: newest, count: 3) { $0.part.server = server }
    }
    #expect(history.kinds(.expecting(every: .days(1))) == [])
    history.add(ago: [.days(9)]) { $0.part.server = "b:6379/0" }
    #expect(history.kinds(.expecting(every: .days(1))) == ["job missed"])
  }

  @Test func `of a twin that has died, its first run counts that the ledger knows, however few were fetched`() {
    var history = History()
    history.addRegular(every: .days(1), newest: .hours(2)) { $0.part.server = "b:6379/0" }
    history.add(ago: [.days(30), .days(31)]) { $0.part.server = "a:6379/0" }
    let settings = HealthSettings.expecting(every: .days(1))
    #expect(history.kinds(settings) == [])
    history.firstStarts = [JobPart(job: "job", server: "b:6379/0"): History.now - .days(60)]
    #expect(history.kinds(settings) == ["job missed"])
  }

  @Test func `what somebody wanted once neither keeps a schedule nor breaks it`() {
    var history = History()
    history.addRegular(every: .days(1), newest: .hours(30))
    history.add(ago: (1...9).map { .minutes($0 * 5) }) { $0.isOnce = true }
    #expect(history.kinds(.expecting(every: .days(1))) == ["job missed"])
    history.addRegular(every: .days(1), newest: .hours(1), count: 1)
    #expect(history.kinds(.expecting(every: .days(1))) == [])
  }

  @Test func `installations are expected and judged apart`() {
    var history = History()
    history.addRegular(every: .hours(1))
    history.addRegular(every: .hours(1), newest: .hours(9)) { $0.part.instance = "a" }
    var settings = HealthSettings.expecting(every: .hours(1))
    #expect(history.kinds(settings) == ["a/job silent"])
    settings.expectations.append(Expectation(instance: "a", job: "job", period: .hours(1)))
    #expect(history.kinds(settings) == ["a/job missed"])
    settings.instance = "b"
    #expect(history.kinds(settings).contains("a/job missed") && history.kinds(settings).contains("b/job missed"))
  }
}
