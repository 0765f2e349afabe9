import Redis
import TestSupport
import Testing

/// A value that cannot be a counter is not fetched, so memory does not grow with it.
@Suite(.timeLimit(.minutes(10))) struct LargeValueTests {
  /// A text of so many bytes, made by the server.
  private func large(_ counter: String, bytes: Int) -> RedisCommand {
    RedisCommand("SETRANGE", "usage:\(counter)", "\(bytes - 1)", "x")
  }

  private func good(_ count: Int) -> [String: String] {
    Dictionary(uniqueKeysWithValues: (0..<count).map { ("m\($0):2025-11-05:x", "\($0)") })
  }

  @Test func `one text of 150 MB is a dead letter and the counters beside it are written`() async throws {
    let usage = try await Usage()
    try await usage.set(good(20))
    try await usage.place.redis(all: [large("large:2025-11-05:x", bytes: 150_000_000)])
    let run = try await usage.runInLittleMemory()
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(try await usage.stored() == good(20))
    #expect(try await usage.deadLetters() == ["usage:large:2025-11-05:x": "not_integer/pending/1"])
  }

  @Test func `300 texts of 1 MB are dead letters and the counters beside them are written`() async throws {
    let usage = try await Usage()
    try await usage.set(good(2000))
    try await usage.place.redis(all: (0..<300).map { large("large\($0):2025-11-05:x", bytes: 1_000_000) })
    let run = try await usage.runInLittleMemory()
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(try await usage.stored() == good(2000))
    #expect(run.count("failed") == 300 && run.count("scanned") == 2300 && run.count("vanished") == 0)
  }

  @Test func `an answer that is given up halfway costs no counter and counts none twice`() async throws {
    let usage = try await Usage()
    // So many that the first page, which is read key by key, is a small part.
    try await usage.set(good(30_000))
    try await usage.set(["word:2025-11-05:x": "?"])
    try await usage.place.redis(all: (0..<8).map { large("large\($0):2025-11-05:x", bytes: 20_000_000) })
    let run = try await usage.runInLittleMemory()
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(run.count("scanned") == 30_009 && run.count("matched") == 30_009 && run.count("inserted") == 30_000)
    #expect(run.count("failed") == 9 && run.count("vanished") == 0)
    #expect(run.result["errors_total"].int == 9)
    #expect(try await usage.stored() == good(30_000))
  }
}
