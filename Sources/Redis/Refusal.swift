/// What an error answer of a server means for a run, and what to do about it.
package struct Refusal: Sendable {
  package enum Meaning: Sendable {
    /// Transient: the same work may succeed when it is done again.
    case transient
    /// The server refuses the user or a right.
    case denied
    /// A setting of the run or of the server that has to be corrected.
    case misconfigured
    /// The server needs somebody's help, or the job has a defect.
    case needsHelp
  }

  /// The answer's first word.
  package var code: String
  /// Texts of which the rest of the answer has to contain one, in upper or lower case.
  ///
  /// Empty: any text.
  package var texts: [String] = []
  package var meaning: Meaning
  /// What to do, as whole sentences.
  package var hint: String
  /// What becomes of the connection.
  package var connection = Connection.stays

  package enum Connection: Sendable {
    case stays
    /// Given up: another server may be the primary by now, and only a new connection finds it.
    case isGivenUp
    /// Closed by the server, which says why in place of the first answer.
    case isClosed
  }

  /// The first row of the table that matches an answer; `nil` for an unknown answer.
  package init?(code: String, message: String) {
    guard let row = Self.all.first(where: { $0.fits(code, message) }) else { return nil }
    self = row
  }

  private init(
    _ code: String, saying texts: [String] = [], _ meaning: Meaning, connection: Connection = .stays, _ hint: String
  ) {
    (self.code, self.texts, self.meaning, self.connection, self.hint) = (code, texts, meaning, connection, hint)
  }

  private func fits(_ code: String, _ message: String) -> Bool {
    // Before Redis 7 a script's error is an ERR, with the refusal of its command inside.
    let isOfScript = code == "ERR" && message.hasPrefix("Error running script") && message.contains("-\(self.code) ")
    guard code == self.code || isOfScript else { return false }
    let message = message.lowercased()
    return texts.isEmpty || texts.contains { message.contains($0.lowercased()) }
  }

  /// Every refusal that Redis (5 to 8), Valkey (7 to 9) and the services built on them give to the commands sent here.
  ///
  /// Source: `createSharedObjects` and the commands' files of redis/redis and valkey-io/valkey, the documentation of
  /// the services.
  package static let all: [Refusal] =
    servers + replicas + clusters + people + settings + [
      Refusal(
        "OOM", .needsHelp,
        "Redis is at its maxmemory and evicts nothing: give it memory, or another maxmemory-policy."),
      Refusal(
        "MISCONF", .needsHelp, "Redis cannot save its data and takes no writes: look at its disk and at its log."),
      Refusal(
        "WRONGTYPE", .needsHelp, "A key that the job uses holds a value of another type: another program writes it."),
      Refusal(
        "EXECABORT", .needsHelp,
        "One command of a transaction was refused, so all of them were: the server's user may lack a right, or be at its maxmemory."
      ),
    ]

  /// Refusals that come from the state of a server and pass.
  private static let servers = [
    Refusal("LOADING", .transient, connection: .isGivenUp, "Redis has been restarted and still reads its data."),
    Refusal(
      "BUSY", .transient, "Redis runs a long script. It ends by itself; SCRIPT KILL or FUNCTION KILL ends it at once."),
    Refusal(
      "ERR", saying: ["max number of clients"], .transient, connection: .isClosed,
      "Redis has no connection left, and a run needs two: look at CLIENT LIST, and at maxclients."),
    // Upstash.
    Refusal(
      "ERR", saying: ["max daily request limit exceeded", "max requests limit exceeded"], .transient,
      "The plan of the service allows no more requests for now: raise its limit, or wait."),
  ]

  /// Refusals of a server that is not the primary, or no longer a good one.
  private static let replicas = [
    Refusal("READONLY", .transient, connection: .isGivenUp, ofReplica),
    Refusal("MASTERDOWN", .transient, connection: .isGivenUp, ofReplica),
    Refusal(
      "NOREPLICAS", .transient, connection: .isGivenUp,
      "Fewer replicas are connected than min-replicas-to-write requires: look at INFO replication of the primary."),
  ]

  private static let ofReplica =
    "REDIS_URL leads to a replica. It has to lead to the primary: by the service's primary endpoint, or by Sentinels (redis+sentinel://…)."

  private static let clusters = [
    Refusal("MOVED", .transient, keysMove),
    Refusal("ASK", .transient, keysMove),
    Refusal("TRYAGAIN", .transient, keysMove),
    Refusal(
      "CLUSTERDOWN", .transient, "No primary serves some of the cluster's slots: look at CLUSTER INFO of its nodes."),
    Refusal(
      "CROSSSLOT", .misconfigured,
      "In a cluster, keys that are written together need the same hash tag, such as {top}:."),
    Refusal(
      "ERR", saying: ["SELECT is not allowed in cluster mode"], .misconfigured,
      "A cluster has only the database 0: leave the number at the end of REDIS_URL out."),
  ]

  private static let keysMove = "The cluster is moving keys between its primaries; this passes once they have arrived."

  /// Refusals about users, passwords and rights.
  private static let people = [
    Refusal(
      "NOAUTH", .denied,
      "The server requires a password: REDIS_URL reads redis://user:password@host, or redis://:password@host for the default user. A Sentinel needs its own: ?sentinel_password=… at the end."
    ),
    Refusal("WRONGPASS", .denied, wrongPassword),
    // Before Redis 6.
    Refusal("ERR", saying: ["invalid password"], .denied, wrongPassword),
    Refusal("NOPERM", .denied, lacksRight),
    // The answer to a script that uses a command which its user may not use.
    Refusal("ERR", saying: ["ACL failure in script", "can't run this command"], .denied, lacksRight),
    Refusal(
      "DENIED", .denied, connection: .isClosed,
      "The server is in protected mode and serves its own machine only: give its default user a password, or set protected-mode to no in a trusted network."
    ),
  ]

  private static let wrongPassword =
    "Check user and password in REDIS_URL. A password without a user has a colon before it: redis://:password@host."
  private static let lacksRight =
    "The ACL of the user in REDIS_URL lacks a right: `--check` names each, and the job's page lists what it needs."

  /// Refusals of a server that differs from what `REDIS_URL` or a job expects.
  private static let settings = [
    Refusal(
      // The first before Redis 6.
      "ERR", saying: ["but no password is set", "without any password configured"], .misconfigured,
      "The server has no password: take it out of REDIS_URL, or set one there."),
    Refusal(
      "ERR", saying: ["wrong number of arguments for 'auth' command"], .misconfigured,
      "The server is older than Redis 6 and knows no users: REDIS_URL reads redis://:password@host."),
    Refusal(
      "ERR", saying: ["DB index is out of range", "invalid DB index"], .misconfigured,
      "The server has no database of this number: the one at the end of REDIS_URL has to be below `databases`, by default 16."
    ),
    Refusal(
      // The last three come from Upstash, from Envoy, and from Redis Enterprise and Tair.
      "ERR",
      saying: [
        "unknown command", "unknown subcommand", "wrong number of arguments", "Command is not available",
        "unsupported command", "command is not allowed", "command not allowed",
      ], .misconfigured,
      "The server does not offer this command: it was renamed, the service leaves it out, or the server is older than Redis 6. `--check` names each that a run needs."
    ),
  ]
}
