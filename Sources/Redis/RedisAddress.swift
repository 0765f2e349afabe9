/// Where a Redis is and which user connects, read from `REDIS_URL`.
package struct RedisAddress: Sendable {
  package enum Place: Sendable, Equatable {
    case tcp(host: String, port: Int)
    case unix(path: String)
    /// The primary of a service, whichever server that is: its Sentinels know.
    case service(name: String, sentinels: [Place])
  }

  package var place: Place
  /// Whether the URL requests TLS (`rediss://`).
  package var isEncrypted = false
  /// Certificates and keys for TLS; has to be set before an encrypted address is connected to.
  package var tls: TLSContext?
  /// The name that the server's certificate has to hold instead of the name or address that it is reached by.
  package var certificateName: String?
  package var user: String?
  package var password: String?
  /// The database number.
  package var database = 0
  /// The user for the Sentinels, which have their own users.
  package var sentinelUser: String?
  package var sentinelPassword: String?

  package init(place: Place) { self.place = place }

  /// The address without secrets.
  package var target: String { "\(location)/\(database)" }

  /// The same without the database number.
  package var location: String {
    switch place {
    case .tcp(let host, let port): "\(host):\(port)"
    case .unix(let path): path
    case .service(let name, _): name
    }
  }

  /// How progress and ledger name this server: `target`, with names of hosts in lower case.
  ///
  /// A service stays the same whichever server is its primary. The name includes its Sentinels, in whatever order they
  /// are listed, because many services are called `mymaster`.
  package var identity: String {
    switch place {
    case .tcp: target.lowercased()
    case .unix: target
    case .service(let name, _):
      "\(name)@\(sentinels.map { $0.location.lowercased() }.sorted().joined(separator: ","))/\(database)"
    }
  }

  /// The Sentinels of a service, each with the user for it.
  var sentinels: [RedisAddress] {
    guard case .service(_, let places) = place else { return [] }
    return places.map { place in
      var sentinel = self
      (sentinel.place, sentinel.database) = (place, 0)
      (sentinel.user, sentinel.password) = (sentinelUser, sentinelPassword)
      return sentinel
    }
  }

  /// Everything in the URL that must appear in no output.
  package var secrets: [String] { [password, sentinelPassword].compactMap(\.self) }
}

extension RedisAddress: Equatable {
  package static func == (left: RedisAddress, right: RedisAddress) -> Bool {
    func parts(_ address: RedisAddress) -> [String?] {
      [
        address.certificateName, address.user, address.password, address.sentinelUser, address.sentinelPassword,
        "\(address.database) \(address.isEncrypted)",
      ]
    }
    return left.place == right.place && parts(left) == parts(right) && left.tls === right.tls
  }
}
