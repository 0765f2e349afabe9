import TestSupport
import Testing

/// Which rewards get which codes.
@Suite(.timeLimit(.minutes(10))) struct CodeTests {
  @Test func `of a hundred rewards sixty get the codes that there are, and the others later ones in their turn`()
    async throws
  {
    let earned = try await Earned(["REWARD_BATCH": "7"])
    try await earned.add(1...100)
    try await earned.load(1...60)
    let first = try await earned.run()
    #expect(first.exitCode == 0, "\(first.output)")
    #expect(first.count("codes_given") == 60 && first.count("no_code") == 40, "\(first.output)")
    #expect(
      first.count("behind") == 40 && first.errors.contains("is running out of codes"), "\(first.output)\(first.errors)")
    #expect(try await earned.mistakes() == [])
    // Later ones do not overtake those that wait, and nothing is written of these without codes.
    try await earned.add(101...110)
    #expect(try await earned.run().count("due") == 10)
    try await earned.load(61...100)
    let second = try await earned.run()
    #expect(second.count("codes_given") == 40 && second.count("behind") == 10, "\(second.output)")
    #expect(
      try await earned.outcomes()
        == (1...110).map { $0 <= 100 ? "\($0) queued SECRET-\(String("0000\($0)".suffix(5)))" : "\($0) no_code" })
    #expect(try await earned.mistakes() == [])
    #expect(try await earned.run().count("due") == 0)
  }

  @Test func `codes that are loaded at any step of a run go to those that have waited, not to what has come since`()
    async throws
  {
    let earned = try await Earned()
    var lines = 0
    while true {
      let id = lines * 2 + 1
      try await earned.add(id...id)
      #expect(try await earned.run().exitCode == 0)
      try await earned.add((id + 1)...(id + 1))
      let run = try await earned.start(after: lines)
      let hasEnded = run.hasEnded
      try await earned.load((lines + 1)...(lines + 1))
      run.letGo()
      #expect(await run.process.outcome().exitCode == 0)
      #expect(try await earned.run().exitCode == 0)
      let codes = try await earned.outcomes().filter { $0.contains("SECRET") }
      #expect(codes == (0...lines).map { "\($0 + 1) queued SECRET-\(String("0000\($0 + 1)".suffix(5)))" })
      guard !hasEnded else { break }
      lines += 1
    }
    #expect(lines > 12)
  }
}
