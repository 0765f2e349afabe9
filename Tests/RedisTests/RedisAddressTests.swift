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
      // Nothing but user and password stands before an «@», whatever it looks like.
      ("redis://:ab/cd@h", nil, "ab/cd"), ("redis://u:p/w@rd/@h/3", "u", "p/w@rd/"),
      ("redis://u:6379/0@h", "u", "6379/0"),
      ("redis://:#a b@h", nil, "#a b"), ("unix:///run/r@2", nil, nil), ("redis://:@h", nil, nil),
      ("redis://@h", nil, nil),
      ("redis+sentinel://u:p/w@s1,s2/mymaster", "u", "p/w"),
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
    "redis://:hunter2?@h", "redis://u:hunter2?x=1@h", "redis://hunter2\n@h", "redis://u:hunter2@h1,h2:6379",
    "redis+sentinel://u:hunter2@s1", "redis+sentinel://u:hunter2@s1/", "redis+sentinel://u:hunter2@s1/my master",
    "redis+sentinel://u:hunter2@/mymaster", "redis+sentinel://u:hunter2@s1:x/mymaster",
    "redis+sentinel://u:hunter2@s1/mymaster/hunter2", "redis://h?sentinel_password=hunter2",
    "unix:///\(String(repeating: "hunter2", count: 20))",
  ])
  func `what cannot be read is explained without repeating it`(url: String) {
    var problem = ""
    #expect(RedisAddress(url: url, problem: &problem) == nil)
    #expect(!problem.isEmpty)
    #expect(!problem.contains("hunter2"))
  }

  @Test(arguments: [
    ("redis://:a?b@h", "«?» is written %3F"), ("redis://h1:6379,h2:6379/0", "redis+sentinel://"),
    ("redis+sentinel://s1:26379", "SERVICE"), ("redis+sentinel:///mymaster", "names no Sentinel"),
    ("redis://h\n/0", "line break"),
    ("redis://h?ssl_cert_reqs=none", "«ssl_cert_reqs» after «?»; known are db, password"),
  ])
  func `what cannot be read comes with the remedy`(url: String, remedy: String) {
    var problem = ""
    #expect(RedisAddress(url: url, problem: &problem) == nil)
    #expect(problem.contains(remedy), "\(problem)")
  }

  @Test func `Sentinels are read with their service`() throws {
    let address = try RedisAddress.read("redis+sentinel://u:pw@s1:26380,[::1],s3/my-master.2/5")
    let sentinels = [Self.tcp("s1", 26_380), Self.tcp("::1", 26_379), Self.tcp("s3", 26_379)]
    #expect(address.place == .service(name: "my-master.2", sentinels: sentinels))
    #expect(address.database == 5 && !address.isEncrypted)
    let url = "rediss+sentinel://u:pw@s1/m?sentinel_user=watcher&sentinel_password=hunter%32&db=3"
    let encrypted = try RedisAddress.read(url)
    #expect(encrypted.isEncrypted && encrypted.database == 3 && encrypted.user == "u")
    #expect(encrypted.sentinelUser == "watcher" && encrypted.sentinelPassword == "hunter2")
    #expect(encrypted.secrets == ["pw", "hunter2"])
  }

  @Test func `a service is named with its Sentinels, in whatever order, and whatever its primary is`() throws {
    let one = try RedisAddress.read("redis+sentinel://u:pw@s1,S2:26380/mymaster/1")
    #expect(one.identity == "mymaster@s1:26379,s2:26380/1")
    #expect(try RedisAddress.read("rediss+sentinel://s2:26380,s1/mymaster/1").identity == one.identity)
    // Another deployment, whose service has the same name.
    #expect(try RedisAddress.read("redis+sentinel://t1,t2/mymaster/1").identity != one.identity)
    #expect(try RedisAddress.read("redis://mymaster/1").identity != one.identity)
  }

  @Test func `what may be shown holds no user and no password`() throws {
    #expect(try RedisAddress.read("redis://user:hunter2@h:1/2").target == "h:1/2")
    #expect(try RedisAddress.read("unix://user:hunter2@/run/r?db=3").target == "/run/r/3")
    #expect(try RedisAddress.read("redis+sentinel://user:hunter2@s1/m?sentinel_password=hunter2").target == "m/0")
  }
}
