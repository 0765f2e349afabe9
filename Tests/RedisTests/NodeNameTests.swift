import Redis
import Testing

/// What the certificate of a server has to hold that another server has named.
@Suite struct NodeNameTests {
  private func name(_ url: String, movedTo host: String, called name: String? = nil) throws -> String? {
    try RedisAddress.read(url).moved(to: host, port: 6379, called: name).certificateName
  }

  @Test func `a node that is named by address is verified by the name that comes with it`() throws {
    #expect(try name("rediss://redis.example", movedTo: "10.0.0.1", called: "one.example") == "one.example")
    #expect(try name("rediss://redis.example", movedTo: "fd00::1", called: "one.example") == "one.example")
  }

  @Test func `a node that is named by name is verified by that`() throws {
    #expect(try name("rediss://redis.example", movedTo: "one.example", called: "two.example") == nil)
    #expect(try name("rediss://c.abc.use1.cache.amazonaws.com", movedTo: "c-1.abc.use1.cache.amazonaws.com") == nil)
  }

  @Test(arguments: [
    "clustercfg.c.abc.use1.cache.amazonaws.com", "clustercfg.C.abc.CNN1.cache.amazonaws.com.cn",
    "c.redis.cache.windows.net", "c.westus.redisenterprise.cache.azure.net", "c.westus.redis.azure.net",
  ])
  func `of a service whose certificates all hold the name of the cluster, that name is asked for`(host: String) throws {
    #expect(try name("rediss://\(host)", movedTo: "10.0.0.1") == host)
  }

  @Test(arguments: ["redis.example", "cache.amazonaws.com.example", "10.0.0.1"])
  func `of any other, the address has to stand in the certificate`(host: String) throws {
    #expect(try name("rediss://\(host)", movedTo: "10.0.0.2") == nil)
  }

  @Test func `in the clear no certificate is asked for`() throws {
    #expect(try name("redis://c.redis.cache.windows.net", movedTo: "10.0.0.1", called: "one.example") == nil)
  }

  @Test func `a node without a host is the one that answered`() throws {
    let url = "rediss://u:pw@redis.example:7000"
    #expect(
      try RedisAddress.read(url).moved(to: "", port: 7001) == RedisAddress.read("rediss://u:pw@redis.example:7001"))
  }
}
