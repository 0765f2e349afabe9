import Postgres
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// Several connections in one run.
@Suite(.timeLimit(.minutes(10))) struct LaneTests {
  @Test func `lanes write at the same time, each on a connection of its own, and all are counted`() async throws {
    let place = try await Place()
    try await place.execute("create table marks (lane integer)")
    let (first, second) = (Gate(), Gate())
    let result = try await SampleJob { run in
      let lanes = try await run.inLanes(2) { lane, run in
        (lane == 0 ? first : second).open()
        try await (lane == 0 ? second : first).wait()
        return try await run.transaction { tx in
          try tx.execute("insert into marks values (\(lane))")
          try tx.reject([ItemFailure(item: "lane \(lane)", kind: .named("bad"), message: "bad")])
          return try tx.query("select pg_backend_pid() as pid").only().value("pid", as: Int.self)
        }
      }
      #expect(Set(lanes).count == 2)
    }.result(in: place)
    #expect(result.status == .partial && result.errorsTotal == 2, "\(result)")
    #expect(try await place.value("select count(distinct lane) from marks") == "2")
    #expect(try await place.value("select count(*) from oneshot.dead_letters") == "2")
  }

  @Test func `all lanes share the connections to a cluster`() async throws {
    let result = try await SampleJob { run in
      let shared = ObjectIdentifier(run.clusterConnections)
      let lanes = try await run.inLanes(3) { _, run in ObjectIdentifier(run.clusterConnections) }
      #expect(lanes == [shared, shared, shared])
    }.result(in: Place())
    #expect(result.status == .succeeded, "\(result)")
  }

  @Test func `a lane that is through with its item takes the next, and each is taken once`() async throws {
    let place = try await Place()
    let third = Gate()
    let taken = Mutex<[Int]>([])
    let result = try await SampleJob { run in
      let doubled = try await run.inLanes(2, over: [1, 2, 3, 4]) { item, _ in
        taken.withLock { $0.append(item) }
        // The first is under way until the third is, so it is the other lane that takes the second and the third.
        if item == 1 { try await third.wait() }
        if item == 3 { third.open() }
        return item * 2
      }
      #expect(doubled.sorted() == [2, 4, 6, 8])
      #expect(try await run.inLanes(5, over: [Int]()) { item, _ in item } == [])
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    #expect(taken.withLock { $0.sorted() } == [1, 2, 3, 4])
  }

  @Test func `a lane of a run that was overtaken writes nothing`() async throws {
    let place = try await Place()
    try await place.execute("create table marks (lane integer)")
    let result = try await SampleJob { run in
      try await run.inLanes(2) { lane, run in
        guard lane == 1 else { return }
        try await place.execute("update oneshot.fences set token = token + 1")
        try await run.transaction { tx in try tx.execute("insert into marks values (1)") }
      }
    }.result(in: place)
    #expect(result.error?.kind == .fenced)
    #expect(try await place.value("select count(*) from marks") == "0")
  }

  @Test func `a lane that fails stops the others, and its error is the run's`() async throws {
    let place = try await Place()
    let isWaiting = Gate()
    let result = try await SampleJob { run in
      try await run.inLanes(2) { lane, run in
        guard lane == 0 else {
          try await isWaiting.wait()
          throw JobFailure(.misconfigured, "lane 1 cannot go on")
        }
        isWaiting.open()
        try await run.reading { session in try session.query(Statement("select pg_sleep(600)").limited(to: .hours(1))) }
      }
    }.result(in: place)
    #expect(result.error?.message == "lane 1 cannot go on")
    try await eventually {
      try await place.value(
        "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' and pid <> pg_backend_pid()"
      ) == "0"
    }
  }

  @Test func `what a transaction rejects is told once, whether it is done again or rolled back`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      for state in ["40001", "P0001"] {
        let isAgain = Mutex(false)
        _ = try? await run.transaction { tx in
          try tx.reject([ItemFailure(item: state, kind: .named("bad"), message: "bad")])
          let isSecond = isAgain.withLock { wasTried in
            defer { wasTried = true }
            return wasTried
          }
          guard state == "P0001" || isSecond else {
            try tx.query(Statement(sql: "do $$ begin raise 'no' using errcode = '\(state)'; end $$"))
            return
          }
          if state == "P0001" { throw JobFailure(.internal, "no") }
        }
      }
    }.result(in: place, ["JOB_BACKOFF_MAX": "0s"])
    #expect(result.errors.map(\.item) == ["40001"])
    #expect(try await place.value("select string_agg(item, ' ') from oneshot.dead_letters") == "40001")
  }
}
