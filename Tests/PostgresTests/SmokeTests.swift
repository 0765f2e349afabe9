import Postgres
import Redis
import TestSupport
import Testing

@Suite struct SmokeTests {
  @Test func `a place is migrated and its own`() async throws {
    let place = try await Place()
    #expect(try await place.value("select count(*) from merchant_usage") == "0")
    try await place.redis("SET", "a", "1")
    #expect(try await place.redis("DBSIZE").integer == 1)
  }
}
