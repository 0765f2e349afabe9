/// Where the keys of a Redis are: one server, or the primaries of a cluster.
package struct Topology: Sendable, Equatable {
  /// Whether each primary holds only its share of the keys; then commands for several keys at once,
  /// such as `MGET`, may cross shares and are refused.
  package var isCluster: Bool
  package var primaries: [RedisAddress]
  /// Which of the primaries holds which slots.
  ///
  /// Changes when keys move.
  package var ranges: [SlotRange] = []

  /// Slots that one primary holds.
  package struct SlotRange: Sendable, Equatable {
    package var slots: ClosedRange<Int>
    /// The primary's index in `primaries`.
    package var primary: Int
  }

  /// The ranges as text: "0...5460 127.0.0.1:7000".
  package var slots: [String] { ranges.map { "\($0.slots) \(primaries[$0.primary].target)" } }

  /// Asks a server for its topology.
  ///
  /// - Parameter seed: the address it was reached at: all there is for a single server, and where the
  ///   cluster does not name a host, its host.
  package static func read(_ session: inout RedisSession, seed: RedisAddress) throws(RedisError) -> Topology {
    try session.send(RedisCommand("CLUSTER", "SLOTS"))
    let answer = try session.receiveValue()
    // "ERR This instance has cluster support disabled", or a server that does not know the command. Any other refusal
    // says nothing about it, and a cluster that is taken for one server would be read only in part.
    if case .error("ERR", _) = answer { return Topology(isCluster: false, primaries: [seed]) }
    if case .error(let code, let message) = answer { throw .server(code: code, message: message) }
    guard case .array(let ranges) = answer, !ranges.isEmpty else {
      throw .server(code: "CLUSTERDOWN", message: "the cluster serves no slots yet")
    }
    var topology = Topology(isCluster: true, primaries: [])
    for range in ranges {
      // First slot, last slot, then nodes, the primary first: [host, port, id, [further facts]].
      guard range.elements.count > 2, let port = range.elements[2].elements.dropFirst().first?.integer,
        let first = range.elements[0].integer, let last = range.elements[1].integer, first <= last
      else {
        throw .unexpectedReply("the answer to CLUSTER SLOTS is not a list of slots")
      }
      let node = range.elements[2].elements
      let primary = seed.moved(to: node[0].text ?? "", port: Int(port), called: hostname(of: node))
      let place = topology.primaries.firstIndex(of: primary) ?? topology.primaries.endIndex
      if place == topology.primaries.endIndex { topology.primaries.append(primary) }
      topology.ranges.append(SlotRange(slots: Int(first)...Int(last), primary: place))
    }
    return topology
  }

  /// The node's host name, besides its address: `cluster-announce-hostname`, since Redis 7.
  private static func hostname(of node: [RedisValue]) -> String? {
    guard node.count > 3 else { return nil }
    let facts = node[3].elements
    guard let name = facts.firstIndex(where: { $0.text == "hostname" }), name + 1 < facts.count,
      let hostname = facts[name + 1].text, !hostname.isEmpty
    else { return nil }
    return hostname
  }
}

extension RedisAddress {
  /// The address of another server that this one has named, with the same user.
  ///
  /// Certificates seldom hold addresses. Where a server is named by its address alone, its certificate has to hold
  /// `REDIS_TLS_NAME`, or else the name that the cluster gives for the address, or else the name in the URL where that
  /// is known to be in all certificates of the service.
  ///
  /// - Parameters:
  ///   - host: an empty one means the host that answered.
  ///   - name: its host name, if the server gave one.
  package func moved(to host: String, port: Int, called name: String? = nil) -> RedisAddress {
    var address = self
    address.place = .tcp(host: host, port: port)
    guard case .tcp(let own, _) = place else { return address }
    if host.isEmpty || host == "?" { address.place = .tcp(host: own, port: port) }
    guard isEncrypted, certificateName == nil, Endpoint.isAddress(host) else { return address }
    address.certificateName = name ?? (Self.hasOneNameForAll(own) ? own : nil)
    return address
  }

  /// Whether the name belongs to a service that names its nodes by address and whose certificates all hold this name.
  private static func hasOneNameForAll(_ host: String) -> Bool {
    let host = host.lowercased()
    return services.contains { host.hasSuffix($0) }
  }

  /// Amazon ElastiCache (its certificates hold `*.NAME.xxxxxx.use1.cache.amazonaws.com`), and the three of Azure
  /// (`*.redis.cache.windows.net` and so on): wildcards under which the name of the cluster falls, too.
  private static let services = [
    ".cache.amazonaws.com", ".cache.amazonaws.com.cn", ".redis.cache.windows.net", ".redisenterprise.cache.azure.net",
    ".redis.azure.net",
  ]

  /// Where a `MOVED 3999 127.0.0.1:6381` leads; `nil` for any other error.
  ///
  /// Source: Redis cluster specification, "MOVED Redirection".
  func redirected(by error: RedisError) -> RedisAddress? {
    guard case .server("MOVED", let message) = error, let target = message.split(separator: " ").last,
      let colon = target.lastIndex(of: ":"), let port = Int(target[target.index(after: colon)...])
    else { return nil }
    return moved(to: String(target[..<colon]), port: port)
  }
}
