import Foundation
import Redis
import Synchronization
import TestSupport
import Testing

/// Kills, lost connections, and starts that do not run.
@Suite(.timeLimit(.minutes(10))) struct CourseTests {
  private static let old = ["(1,old,1.00,)", "(2,old,1.00,)"]
  private static let new = ["(2,new,2.00,)", "(3,new,2.00,)"]
  private static let stream = "2\tnew\t2\t\\N\n3\tnew\t2\t\\N\n"

  private func loading(_ more: [String: String] = [:]) async throws -> Loading {
    let loading = try await Loading(more)
    try await loading.place.execute("insert into tallies select g, 'old', 1, null from generate_series(1, 2) g")
    return loading
  }

  @Test func `killed anywhere, a run leaves the old rows or the new ones, and the next run does the rest`() async throws
  {
    let loading = try await loading(["STAGE_COMMAND": #"["printf", "2\\tnew\\t2\\t\\\\N\\n3\\tnew\\t2\\t\\\\N\\n"]"#])
    var kills = 0
    while try await loading.kill([:], after: kills) {
      #expect([Self.old, Self.new].contains(try await loading.rows()), "\(kills)")
      kills += 1
    }
    #expect(kills > 5)
    let run = try await loading.run()
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await loading.rows() == Self.new)
  }

  @Test func `a connection that is lost while rows are written is made again, with what was read`() async throws {
    let loading = try await loading(["JOB_BACKOFF_MAX": "1ms"])
    let proxy = try Loading.cuttingOnce(loading, at: "delete from", "oneshot_staged")
    defer { proxy.close() }
    let run = try await loading.load(Self.stream + "\\.\n", loading.place.environment(postgres: proxy))
    #expect(run.exitCode == 0 && run.errors.contains("loading again"), "\(run.output)\(run.errors)")
    #expect(try await loading.rows() == Self.new)
  }

  @Test func `a stream of which more is read than is kept has to be started again`() async throws {
    let loading = try await loading(["JOB_BACKOFF_MAX": "1ms", "STAGE_SPOOL": "10"])
    let proxy = try Loading.cuttingOnce(loading, at: "delete from", "oneshot_staged")
    defer { proxy.close() }
    let run = try await loading.load(Self.stream + "\\.\n", loading.place.environment(postgres: proxy))
    #expect(run.exitCode == 69 && run.output.contains("read than STAGE_SPOOL (10) keeps"), "\(run.output)")
    #expect(try await loading.rows() == Self.old)
  }

  @Test func `a connection that is lost while rows are copied is made again, with what was read`() async throws {
    let loading = try await loading(["JOB_BACKOFF_MAX": "1ms"])
    let proxy = try Loading.cuttingOnce(loading, at: "new\t2")
    defer { proxy.close() }
    let run = try await loading.load(Self.stream + "\\.\n", loading.place.environment(postgres: proxy))
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await loading.rows() == Self.new)
  }

  @Test func `a server that is away at the start is waited for, and one that stays away is named`() async throws {
    let loading = try await loading(["JOB_BACKOFF_MAX": "1ms"])
    let opened = Mutex(0)
    let proxy = try Proxy(to: loading.place.servers.postgresSocket) { piece in
      guard piece.isOpening else { return .pass }
      return opened.withLock { opened in
        opened += 1
        return opened <= 2 ? .cut() : .pass
      }
    }
    defer { proxy.close() }
    let run = try await loading.load(Self.stream + "\\.\n", loading.place.environment(postgres: proxy))
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await loading.rows() == Self.new)
    for away in [["DATABASE_URL": "postgresql://127.0.0.1:1/x"], ["REDIS_URL": "redis://127.0.0.1:1"]] {
      let run = try await loading.load("9\tx\t1\t\\N\n\\.\n", away)
      #expect(run.exitCode == 69 && run.result["error", "kind"].string == "unavailable", "\(run.output)")
    }
    #expect(try await loading.rows() == Self.new)
  }

  @Test func `a run that was paused while a newer one loaded writes nothing`() async throws {
    let loading = try await loading(["JOB_LOCK_TTL": "1s"])
    let pipe = Pipe()
    let writer = try pipe.fileHandleForWriting.duplicate()
    let older = try Loading.binary.start([], loading.environment(), input: pipe)
    try pipe.fileHandleForWriting.close()
    try await loading.place.until(key: Loading.lockKey, exists: true)
    try writer.write(contentsOf: Data("9\tolder\t1\t\\N\n".utf8))
    try await eventually {
      try await loading.place.value(
        "select count(*) from pg_stat_activity where datname = current_database() and query like 'copy \"oneshot_%'")
        == "1"
    }
    older.send(SIGSTOP)
    try await loading.place.until(key: Loading.lockKey, exists: false)
    #expect(try await loading.load(Self.stream + "\\.\n").exitCode == 0)
    try writer.write(contentsOf: Data("8\tolder\t1\t\\N\n\\.\n".utf8))
    try writer.close()
    older.send(SIGCONT)
    let outcome = await older.outcome()
    #expect(outcome.exitCode == 75 && ["lock_lost", "fenced"].contains(outcome.result["error", "kind"].string))
    #expect(try await loading.rows() == Self.new)
  }

  @Test func `a producer that writes row by row costs no memory for it`() async throws {
    let loading = try await loading(["JOB_LOG_LEVEL": "error"])
    let script = """
      import os
      for number in range(20000): os.write(1, b'%d\\ttrickling\\t1\\t\\\\N\\n' % number)
      os.write(1, b'\\\\.\\n')
      """
    let folder = try TemporaryFolder()
    try script.write(toFile: "\(folder.path)/trickle.py", atomically: true, encoding: .utf8)
    let limited = "ulimit -s 1024 && ulimit -d 65536 && exec stage-table"
    let run = try await loading.pipeline("/usr/bin/python3 \(folder.path)/trickle.py | ( \(limited) )")
    #expect(run.exitCode == 0 && run.count("rows") == 20000, "\(run.output)\(run.errors)")
  }

  @Test func `a slot that was loaded is not loaded again, and says so, unless it is forced`() async throws {
    let loading = try await loading(["JOB_FORCE": "false"])
    #expect(try await loading.load(Self.stream + "\\.\n").exitCode == 0)
    let other = "2\tother\t2\t\\N\n3\tother\t2\t\\N\n\\.\n"
    let again = try await loading.load(other)
    #expect(again.exitCode == 0 && again.result["status"].string == "skipped", "\(again.output)")
    #expect(again.result["reason"].string == "already_done" && again.count("rows") == nil, "\(again.output)")
    #expect(try await loading.rows() == Self.new)
    // Another stream into the same table has its own slots, and so has another mode.
    for settings in [["STAGE_SOURCE": "second"], ["STAGE_MODE": "merge"], ["JOB_FORCE": "true"]] {
      let run = try await loading.load(other, settings)
      #expect(run.result["status"].string == "succeeded", "\(settings): \(run.output)")
    }
  }

  @Test func `while one run waits for its producer another is locked out, and reads nothing`() async throws {
    let loading = try await loading()
    let pipe = Pipe()
    let writer = try pipe.fileHandleForWriting.duplicate()
    let first = try Loading.binary.start([], loading.environment(), input: pipe)
    try pipe.fileHandleForWriting.close()
    try await eventually { try await loading.place.redis("EXISTS", Loading.lockKey).integer == 1 }
    let second = try await loading.load("9\tx\t1\t\\N\n\\.\n")
    #expect(second.result["reason"].string == "locked", "\(second.output)")
    try writer.write(contentsOf: Data((Self.stream + "\\.\n").utf8))
    try writer.close()
    #expect(await first.outcome().exitCode == 0)
    #expect(try await loading.rows() == Self.new)
  }

  @Test func `a run that waits for its producer stops when it is asked to`() async throws {
    let loading = try await loading()
    for bytes in ["", Self.stream] {
      let pipe = Pipe()
      let writer = try pipe.fileHandleForWriting.duplicate()
      let run = try Loading.binary.start([], loading.environment(), input: pipe)
      try pipe.fileHandleForWriting.close()
      try writer.write(contentsOf: Data(bytes.utf8))
      try await eventually { try await loading.place.redis("EXISTS", Loading.lockKey).integer == 1 }
      run.send(SIGTERM)
      let outcome = try await run.outcome(within: .seconds(60))
      #expect(outcome.exitCode == 143, "\(outcome.output)")
      try writer.close()
    }
    #expect(try await loading.rows() == Self.old)
  }
}
