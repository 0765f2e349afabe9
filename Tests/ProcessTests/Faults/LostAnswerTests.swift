import Foundation
import JobRuntime
import Redis
import Synchronization
import TestSupport
import Testing

/// Row 22 of faults.md: the connection is lost around a COMMIT, so that its outcome is unknown at first.
@Suite(.timeLimit(.minutes(10))) struct LostAnswerTests {
  /// What ends a run in the ledger: a statement that is a transaction of its own.
  private static let closing = "set status = "
  /// What begins a run in the ledger, likewise.
  private static let opening = "insert into oneshot.fences"

  /// A proxy that cuts once, at the first answer to a text, or before the text arrives.
  private func cutting(_ text: String, answered: Bool, _ ending: Proxy.Ending, _ counters: Counters) throws -> Proxy {
    try cutting(ending, counters) { piece in answered ? piece.answers(text) : piece.contains(text) }
  }

  /// The same, at the COMMIT of a transaction that writes.
  private func cuttingCommit(answered: Bool, _ ending: Proxy.Ending, _ counters: Counters) throws -> Proxy {
    let commit = WritingCommit()
    return try cutting(ending, counters) { piece in answered ? commit.isAnswered(by: piece) : commit.isSent(in: piece) }
  }

  private func cutting(
    _ ending: Proxy.Ending, _ counters: Counters, at isThere: @escaping @Sendable (Proxy.Piece) -> Bool
  ) throws -> Proxy {
    let isFirst = Atomic(true)
    return try Proxy(to: counters.place.servers.postgresSocket) { piece in
      guard isThere(piece), isFirst.exchange(false, ordering: .relaxed) else { return .pass }
      return .cut(ending)
    }
  }

  @Test(arguments: Proxy.Ending.allCases)
  func `22: a COMMIT that the server has done is found out, and not done again`(ending: Proxy.Ending) async throws {
    let counters = try await Counters()
    let proxy = try cuttingCommit(answered: true, ending, counters)
    defer { proxy.close() }
    let run = try await counters.run(postgres: proxy)
    #expect(run.exitCode == 0 && run.contractBreach == nil, "\(run.errors)")
    // Done a second time, the day would count as unchanged.
    #expect(run.result["counts", "inserted"].int == counters.values.count)
    #expect(proxy.conversation.contains { $0.connection > 1 && $0.contains("pg_xact_status") })
    #expect(try await counters.ledger() == ["succeeded"])
    try await counters.expectRight()
  }

  @Test(arguments: Proxy.Ending.allCases)
  func `22: a COMMIT that never arrived is found out, and the day done again`(ending: Proxy.Ending) async throws {
    let counters = try await Counters()
    let proxy = try cuttingCommit(answered: false, ending, counters)
    defer { proxy.close() }
    let run = try await counters.run(postgres: proxy)
    #expect(run.exitCode == 0 && run.wasRetried && run.contractBreach == nil, "\(run.errors)")
    #expect(run.result["counts", "inserted"].int == counters.values.count)
    #expect(proxy.conversation.contains { $0.connection > 1 && $0.contains("pg_xact_status") })
    #expect(try await counters.ledger() == ["succeeded"])
    try await counters.expectRight()
  }

  @Test func `22: a COMMIT of which nothing can be learnt is 69 with a hint, and the next run mends it`() async throws {
    let counters = try await Counters()
    let isLost = Atomic(false)
    let commit = WritingCommit()
    let proxy = try Proxy(to: counters.place.servers.postgresSocket) { piece in
      if commit.isAnswered(by: piece) { isLost.store(true, ordering: .relaxed) }
      return isLost.load(ordering: .relaxed) ? .cut() : .pass
    }
    defer { proxy.close() }
    let run = try await counters.run(postgres: proxy)
    #expect(run.exitCode == 69 && run.contractBreach == nil)
    #expect(run.result["error", "message"].string?.contains("COMMIT") == true)
    #expect(run.result["error", "hint"].isThere)
    #expect(!run.wasRetried)
    #expect(try await counters.run().result["status"].string == "succeeded")
    #expect(try await counters.ledger() == ["failed abandoned", "succeeded"])
    try await counters.expectRight()
  }

  @Test(arguments: [opening, closing], [true, false])
  func `22: a row of the ledger whose answer was lost is written once`(text: String, answered: Bool) async throws {
    let counters = try await Counters()
    let proxy = try cutting(text, answered: answered, .close, counters)
    defer { proxy.close() }
    let run = try await counters.run(postgres: proxy)
    #expect(run.exitCode == 0 && run.wasRetried && run.contractBreach == nil, "\(run.errors)")
    #expect(try await counters.ledger() == ["succeeded"])
    let row = try await counters.place.value("select run_id || ' ' || fence from oneshot.job_runs")
    #expect(row == "\(run.result["run_id"].string ?? "") \(run.result["fence"].int ?? 0)")
    #expect(try await counters.place.value("select max(token) from oneshot.fences") == row.split(separator: " ")[1])
    try await counters.expectRight()
    #expect(try await counters.run().result["reason"].string == "already_done")
  }
}
