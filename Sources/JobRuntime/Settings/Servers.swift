package import Postgres
package import Redis

/// The two servers of a run: the settings that every job requires.
package struct Servers: Sendable {
  package let database: ConnectionOptions
  package let redis: RedisAddress
  /// The Redis as ledger and progress name it.
  var server: String { redis.identity }

  /// - Returns: `nil` where one of them is missing or wrong, which the reader has recorded.
  package init?(from env: inout Environment) {
    let (database, redis) = (databaseOptions(from: &env), redisAddress(from: &env))
    guard let database, let redis else { return nil }
    (self.database, self.redis) = (database, redis)
  }
}

/// `DATABASE_URL`, for jobs and for the operator's command.
package func databaseOptions(from env: inout Environment) -> ConnectionOptions? {
  let options: ConnectionOptions? = env.url(
    "DATABASE_URL", form: "postgresql://… or host=… dbname=…", isRequired: true,
    help: "Postgres: a libpq URI or keyword string; sslmode, several hosts and everything else that libpq takes."
  ) { text in
    do { return .success(try ConnectionOptions(url: text, applicationName: "oneshot")) } catch {
      return .failure("\(error)")
    }
  }
  env.conceal(options?.secrets ?? [])
  return options
}
