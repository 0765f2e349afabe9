import Redis
import TestSupport
import Testing

@Suite struct RedisAddressTests {
  private static func tcp(_ host: String, _ port: Int) -> RedisAddress.Place { .tcp(host: host, port: port) }

  @Test(arguments: [
    ("redis://", tcp("localhost", 6379)), ("redis://example.com", tcp("example.com", 6379)),
    ("redis://example.com:6380", tcp("example.com", 6380)), ("redis://example.com:", tcp("example.com", 6379)),
    ("redis://:6380", tcp("localhost", 6380)), ("redis://example.com/", tcp("example.com", 6379)),
    ("redis://[::1]", tcp("::1", 6379)), ("redis://[fe80::1]:6380/2", tcp("fe80::1", 6380)),
    ("rediss://example.com:1/1", tcp("example.com", 1)), ("redis://h:65535", tcp("h", 65_535)),
    ("unix:///run/redis.sock", .unix(path: "/run/redis.sock")), ("unix:///a%20b", .unix(path: "/a b")),
    ("unix:///run/redis.sock?db=4", .unix(path: "/run/redis.sock")), ("unix://u:p@/run/r", .unix(path: "/run/r")),
  ])
  func `every form of an address is read`(url: String, place: RedisAddress.Place) throws {
    let address = try RedisAddress.read(url)
    #expect(address.place == place)
    #expect(address.isEncrypted == url.hasPrefix("rediss"))
  }

  @Test(arguments: [
    ("redis://h", 0), ("redis://h/", 0), ("redis://h/0", 0), ("redis://h/15", 15), ("unix:///s?db=3", 3),
    ("unix:///s", 0), ("redis://h?db=7", 7),
  ])
  func `the number of the database is read`(url: String, number: Int) throws {
    #expect(try RedisAddress.read(url).database == number)
  }

  @Test(
    arguments: [
      ("redis://h", nil, nil), ("redis://user@h", "user", nil), ("redis://user:pw@h", "user", "pw"),
      ("redis://:pw@h", nil, "pw"), ("redis://u%3Aser:p%40ss%2Fword%25@h", "u:ser", "p@ss/word%"),
      ("redis://u:a:b@h", "u", "a:b"), ("redis://u:p@ss@h", "u", "p@ss"), ("redis://:%C3%BC%F0%9F%98%80@h", nil, "ü😀"),
      ("redis://:100%25@h", nil, "100%"), ("redis://:100%@h", nil, "100%"), ("redis://:a%zz@h", nil, "a%zz"),
      ("redis://:a%+5@h", nil, "a%+5"), ("unix://u:pw@/run/r", "u", "pw"), ("unix:///run/r?password=p%26w", nil, "p&w"),
    ] as [(String, String?, String?)])
  func `user and password are read and percent-decoded`(url: String, user: String?, password: String?) throws {
    let address = try RedisAddress.read(url)
    #expect(address.user == user)
    #expect(address.password == password)
  }

  @Test(arguments: [
    "", "hunter2", "localhost:6379", "http://u:hunter2@h", "redis:/hunter2@h", "redis://u:hunter2@h:port",
    "redis://u:hunter2@h:0", "redis://u:hunter2@h:65536", "redis://u:hunter2@h:-1", "redis://u:hunter2@h/one",
    "redis://u:hunter2@h/-1", "redis://u:hunter2@h/1/2", "redis://u:hunter2@h?secret=hunter2",
    "redis://u:hunter2@h?db=hunter2", "unix://", "unix://hunter2", "redis://u:hunter2@h/99999999999999999999",
    "redis://u:p/hunter2@h", "unix:///\(String(repeating: "hunter2", count: 20))",
  ])
  func `what cannot be read is explained without repeating it`(url: String) {
    var problem = ""
    #expect(RedisAddress(url: url, problem: &problem) == nil)
    #expect(!problem.isEmpty)
    #expect(!problem.contains("hunter2"))
  }

  @Test func `what may be shown holds no user and no password`() throws {
    #expect(try RedisAddress.read("redis://user:hunter2@h:1/2").target == "h:1/2")
    #expect(try RedisAddress.read("unix://user:hunter2@/run/r?db=3").target == "/run/r/3")
  }
}
