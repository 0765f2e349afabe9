import Testing

@testable import JobRuntime

@Suite struct TelemetrySettingsTests {
  private func read(_ variables: [String: String]) -> (settings: TelemetrySettings, env: Environment) {
    var env = Environment(variables)
    let settings = TelemetrySettings(from: &env)
    return (settings, env)
  }

  @Test func `no channel is used unless it is requested`() {
    let (settings, env) = read([:])
    #expect(env.problems.isEmpty && Channel.all(settings, terminal: Terminal(descriptor: 2)).isEmpty)
  }

  @Test(arguments: [
    ("localhost:8125", "localhost", 8125), ("10.0.0.1:1", "10.0.0.1", 1), ("[::1]:65535", "::1", 65_535),
    ("[fe80::1%eth0]:8125", "fe80::1%eth0", 8125),
  ])
  func `an address is a host and a port`(text: String, host: String, port: Int) throws {
    let address = try #require(HostAndPort(text))
    #expect(address.host == host && address.port == port && address.description == text)
  }

  @Test(arguments: [
    "", "host", "host:", ":8125", "host:0", "host:65536", "host:+1", "::1:8125", "[]:1", "a b:1", "h:1:2",
  ])
  func `what is no address is refused`(text: String) {
    #expect(HostAndPort(text) == nil)
    #expect(text.isEmpty || read(["JOB_STATSD": text]).env.problems.map(\.name) == ["JOB_STATSD"])
  }

  @Test func `a path is put below a URL, before its question mark`() throws {
    let plain = try #require(WebAddress("https://hc-ping.com/uuid"))
    #expect(plain.url() == "https://hc-ping.com/uuid" && plain.url("start") == "https://hc-ping.com/uuid/start")
    let full = try #require(WebAddress("HTTP://u:p%40ss@[::1]:9091/base/?a=1/2&b=/#part"))
    #expect(full.url() == "http://u:p%40ss@[::1]:9091/base/?a=1/2&b=/")
    #expect(
      full.url("metrics", "job", "a/b é") == "http://u:p%40ss@[::1]:9091/base/metrics/job/a%2Fb%20%C3%A9?a=1/2&b=/")
    let bare = try #require(WebAddress("http://push:9091"))
    #expect(bare.url() == "http://push:9091" && bare.url("65") == "http://push:9091/65")
  }

  @Test func `what is shown of a URL holds no secret`() throws {
    let address = try #require(WebAddress("https://user:hunter2@host:8443/token?key=token2"))
    #expect(address.target == "https://host:8443")
    #expect(address.secrets == ["hunter2", "/token"])
    #expect(try #require(WebAddress("https://user@host")).secrets == [""])
  }

  @Test func `parts of a URL of eight bytes and more are secrets, of its path and of its query`() throws {
    let address = try #require(
      WebAddress("https://host/ping/12345678/1234567?a=abcdefgh&b=x&c&d=k=abcdefg&ccccccccc#f"))
    #expect(address.secrets == ["/ping/12345678/1234567", "12345678", "abcdefgh", "k=abcdefg"])
  }

  @Test(arguments: [
    "", "host", "ftp://host", "file:///etc/passwd", "https://", "http:///x", "http://:80", "http://u:p@", "http://a b",
  ])
  func `what is no web address is refused`(text: String) {
    #expect(WebAddress(text) == nil)
  }

  /// This test is built without libcurl.
  @Test(arguments: ["JOB_PUSHGATEWAY_URL", "JOB_HEARTBEAT_URL"])
  func `without the trait a URL is refused in words, and is a secret`(name: String) throws {
    let (settings, env) = read([name: "https://hc-ping.com/token-of-mine"])
    #expect(settings.pushgateway == nil && settings.heartbeat == nil)
    let problem = try #require(env.problems.first)
    #expect(problem.name == name && problem.message.contains("trait Delivery") && !problem.message.contains("token"))
    #expect(env.secrets == ["https://hc-ping.com/token-of-mine"])
  }
}
