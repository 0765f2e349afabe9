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

  /// Loses the connection when the first statement that writes is sent, once.
  private func cuttingOnce(_ loading: Loading) throws -> Proxy {
    let isCut = Mutex(false)
    return try Proxy(to: loading.place.servers.postgresSocket) { piece in
      guard piece.direction == .toServer, piece.contains("delete from"), piece.contains("oneshot_staged") else {
        return .pass
      }
      return isCut.withLock { isCut in
        defer { isCut = true }
        return isCut ? .pass : .cut()
      }
    }
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
    let proxy = try cuttingOnce(loading)
    defer { proxy.close() }
    let run = try await loading.load(Self.stream + "\\.\n", loading.place.environment(postgres: proxy))
    #expect(run.exitCode == 0 && run.errors.contains("loading again"), "\(run.output)\(run.errors)")
    #expect(try await loading.rows() == Self.new)
  }

  @Test func `a stream of which more is read than is kept has to be started again`() async throws {
    let loading = try await loading(["JOB_BACKOFF_MAX": "1ms", "STAGE_SPOOL": "10"])
    let proxy = try cuttingOnce(loading)
    defer { proxy.close() }
    let run = try await loading.load(Self.stream + "\\.\n", loading.place.environment(postgres: proxy))
    #expect(run.exitCode == 69 && run.output.contains("more is read than STAGE_SPOOL (10) keeps"), "\(run.output)")
    #expect(try await loading.rows() == Self.old)
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
