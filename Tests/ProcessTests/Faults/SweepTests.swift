import Foundation
import JobRuntime
import Redis
import TestSupport
import Testing

/// Row 23 of faults.md: the stream ends after byte N, and N is swept over the whole conversation.
///
/// `make test` takes some of all places, other ones each time; `ONESHOT_SWEEP=all` takes every byte of every
/// connection in both directions, `ONESHOT_SWEEP=1000` so many. A failure names its cut.
@Suite(.timeLimit(.minutes(24 * 60))) struct SweepTests {
  private enum Server: CaseIterable { case postgres, redis }

  /// Where the stream ends.
  private struct Cut: CustomStringConvertible {
    var server: Server
    var direction: Proxy.Direction
    /// `nil` is every connection: the server never gets beyond this byte.
    var connection: Int?
    var byte: Int
    var ending: Proxy.Ending

    var description: String {
      "\(server), connection \(connection.map(String.init) ?? "any"), \(direction), \(ending) after byte \(byte)"
    }

    func proxy(before counters: Counters) throws -> Proxy {
      let servers = counters.place.servers
      let cut = self
      return try Proxy(to: server == .postgres ? servers.postgresSocket : servers.redisSocket) { piece in
        guard piece.direction == cut.direction, piece.connection == cut.connection ?? piece.connection,
          piece.offset + piece.bytes.count >= cut.byte, piece.offset <= cut.byte
        else { return .pass }
        return .cut(after: cut.byte - piece.offset, cut.ending)
      }
    }
  }

  @Test func `23: wherever the stream ends, the run ends in the contract and the data are right`() async throws {
    let wanted = ProcessInfo.processInfo.environment["ONESHOT_SWEEP"] ?? "200"
    let places = try await places(everyByte: wanted == "all")
    let cuts = wanted == "all" ? places : Array(places.shuffled().prefix(Int(wanted) ?? 200))
    say("sweeping \(cuts.count) of \(places.count) places where a stream can end")
    let workers = 2
    let exitCodes = try await withThrowingTaskGroup { group in
      for worker in 0..<workers {
        group.addTask {
          let counters = try await Counters(12)
          var exitCodes: [Int32: Int] = [:]
          for index in stride(from: worker, to: cuts.count, by: workers) {
            exitCodes[try await check(cuts[index], counters), default: 0] += 1
          }
          return exitCodes
        }
      }
      return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }
    say("sweeping: runs by their exit codes: \(exitCodes)")
    // A server that never gets beyond the first bytes is out of reach: the proxy did cut.
    #expect(exitCodes[0, default: 0] > 0 && exitCodes[69, default: 0] > 0)
  }

  /// At once, whatever stdout is: the whole sweep takes its time.
  private func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

  /// All cuts, from the conversation of an undisturbed run: at every byte, or next to where one side has
  /// stopped speaking, and some between.
  private func places(everyByte: Bool) async throws -> [Cut] {
    let counters = try await Counters(12)
    var cuts: [Cut] = []
    for server in Server.allCases {
      let upstream = counters.place.servers
      let proxy = try Proxy(to: server == .postgres ? upstream.postgresSocket : upstream.redisSocket)
      defer { proxy.close() }
      let run = try await counters.run(
        postgres: server == .postgres ? proxy : nil, redis: server == .redis ? proxy : nil, ["JOB_FORCE": "true"])
      try #require(run.exitCode == 0)
      for (stream, pieces) in Dictionary(grouping: proxy.conversation, by: { Stream($0) }) {
        let length = pieces.reduce(0) { $0 + $1.bytes.count }
        let ends = pieces.map { $0.offset + $0.bytes.count }.flatMap { [$0 - 1, $0, $0 + 1] }
        let bytes = everyByte ? Set(0...length) : Set(ends + (0..<40).map { _ in Int.random(in: 0...length) })
        for byte in bytes where (0...length).contains(byte) {
          for connection in [stream.connection, nil] {
            cuts.append(
              Cut(
                server: server, direction: stream.direction, connection: connection, byte: byte,
                ending: byte.isMultiple(of: 2) ? .close : .reset))
          }
        }
      }
    }
    return cuts
  }

  private struct Stream: Hashable {
    var connection: Int
    var direction: Proxy.Direction
    init(_ piece: Proxy.Piece) { (connection, direction) = (piece.connection, piece.direction) }
  }

  /// - Returns: the exit code of the run that was cut.
  private func check(_ cut: Cut, _ counters: Counters) async throws -> Int32 {
    try await counters.place.execute(
      """
      delete from merchant_usage; delete from oneshot.usage_days; delete from oneshot.job_runs;
      delete from oneshot.job_totals
      """)
    let proxy = try cut.proxy(before: counters)
    defer { proxy.close() }
    let run = try await counters.run(
      postgres: cut.server == .postgres ? proxy : nil, redis: cut.server == .redis ? proxy : nil,
      ["JOB_ATTEMPTS": "2", "JOB_BACKOFF_MAX": "1ms"])
    let context: Comment = "\(cut): \(run.output)\(run.errors)"
    #expect(run.contractBreach == nil, context)
    let lock = try await counters.place.redis("DEL", Counters.lockKey)
    if cut.connection != nil {
      #expect(run.exitCode == 0, context)
      #expect(lock.integer == 0, context)
    } else {
      #expect(run.exitCode == 0 || run.exitCode == 69, context)
    }
    // The result and the ledger tell the same.
    let status = try await counters.ledger()
    if run.exitCode == 0 {
      #expect(status == ["succeeded"], context)
    } else {
      #expect(status != ["succeeded"], context)
    }
    let next = try await counters.run()
    #expect(next.exitCode == 0, "\(next.output)")
    try await counters.expectRight(context)
    let totals = try await counters.place.value(
      """
      select sum(succeeded) = (select count(*) from oneshot.job_runs where status = 'succeeded')
        and sum(failed) <= (select count(*) from oneshot.job_runs where status = 'failed') from oneshot.job_totals
      """)
    #expect(totals == "true", context)
    return run.exitCode
  }
}
