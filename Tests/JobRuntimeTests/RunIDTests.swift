import Postgres
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct RunIDTests {
  private static func ids() -> [(id: RunID, milliseconds: Int64)] {
    var generator = SeededGenerator(3)
    return (0..<2000).map { _ in
      let milliseconds = Int64.random(in: 0..<(1 << 47), using: &generator)
      return (RunID(at: Timestamp(microseconds: milliseconds * 1000 + 999), using: &generator), milliseconds)
    }
  }

  @Test func `an id is laid out as RFC 9562 says of version 7`() throws {
    let form = try Regex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    for (id, milliseconds) in Self.ids() {
      let text = id.description
      #expect(text.wholeMatch(of: form) != nil, "\(text)")
      #expect(Int64(text.prefix(13).filter { $0 != "-" }, radix: 16) == milliseconds)
    }
  }

  @Test func `ids sort by the time at which they were made`() {
    let sorted = Self.ids().sorted { $0.milliseconds < $1.milliseconds }
    #expect(sorted.map(\.id.description) == sorted.map(\.id.description).sorted())
  }

  @Test func `ids of one moment differ`() {
    var generator = SystemRandomNumberGenerator()
    let ids = (0..<10_000).map { _ in RunID(at: Timestamp(seconds: 1_700_000_000), using: &generator) }
    #expect(Set(ids).count == ids.count)
  }

  @Test func `a moment before 1970 still makes an id`() {
    var generator = SeededGenerator(4)
    #expect(RunID(at: Timestamp(seconds: -5), using: &generator).description.hasPrefix("00000000-0000-7"))
  }

  @Test func `Postgres takes an id as a uuid`() async throws {
    let place = try await Place(migrated: false)
    for (id, _) in Self.ids().prefix(20) {
      let row = try await place.database.withSession { session in
        try session.query("select \(id)::text as id, pg_typeof(\(id))::text as type").only()
      }
      #expect(try row.value("id", as: String.self) == id.description)
      #expect(try row.value("type", as: String.self) == "uuid")
    }
  }
}
