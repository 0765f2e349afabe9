import Foundation
import Redis
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct RedisSettingsTests {
  private func read(_ variables: [String: String]) -> (address: RedisAddress?, env: Environment) {
    var env = Environment(variables)
    let address = redisAddress(from: &env)
    return (address, env)
  }

  @Test(arguments: [" redis://u:pw@h/2", "redis://u:pw@h/2\n", "\tredis://u:pw@h/2 \r\n\n"])
  func `blanks and line breaks at the ends of REDIS_URL are no part of it`(text: String) throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/url"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    for variables in [["REDIS_URL": text], ["REDIS_URL_FILE": file]] {
      let (address, env) = read(variables)
      #expect(address?.target == "h:6379/2" && env.problems.isEmpty, "\(env.problems)")
      #expect(env.secrets.contains("pw"))
    }
  }

  @Test func `every password in the URL is a secret`() {
    let (_, env) = read(["REDIS_URL": "redis+sentinel://u:p%2Fw@s1/mymaster?sentinel_password=hunter%32"])
    #expect(env.secrets.contains("p/w") && env.secrets.contains("hunter2"))
  }

  @Test func `a name for certificates is of every server, and of TLS alone`() {
    let (address, env) = read(["REDIS_URL": "rediss://10.0.0.1", "REDIS_TLS_NAME": "redis.example"])
    #expect(env.problems.isEmpty)
    #expect(address?.certificateName == "redis.example")
    #expect(address?.moved(to: "10.0.0.2", port: 6379, called: "two.example").certificateName == "redis.example")
    #expect(
      read(["REDIS_URL": "redis://10.0.0.1", "REDIS_TLS_NAME": "redis.example"]).env.problems.map(\.name)
        == ["REDIS_TLS_NAME"])
  }
}
