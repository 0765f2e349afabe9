import BlockingIO

/// Sentinels: servers that watch the primary of a service and its replicas, promote a replica when the primary is gone,
/// and say which server is the primary now.
///
/// They are asked for every new connection, so a failover is handled like a lost connection: Sentinels end the
/// connections to a primary that they have replaced.
///
/// Source: Redis documentation, "Guidelines for Redis clients with support for Redis Sentinel".
extension Opening {
  /// A session with the primary of a service: the server that the first Sentinel names and that itself answers to be
  /// the primary.
  func primary(
    of service: String, at address: RedisAddress, until deadline: ContinuousClock.Instant, _ interrupt: Interrupt
  ) throws(RedisError) -> RedisSession {
    var failures: [(server: RedisAddress, error: RedisError)] = []
    var tried: [RedisAddress] = []
    for (index, sentinel) in address.sentinels.enumerated() {
      let others = address.sentinels.count - 1 - index
      let share = deadline.share(among: others + 1)
      let primary: RedisAddress
      do throws(RedisError) {
        let named = try ask(sentinel, for: service, until: share.share(among: 2), interrupt)
        primary = address.moved(to: named.host, port: named.port)
      } catch {
        if error == .cancelled { throw error }
        failures.append((sentinel, error))
        continue
      }
      if tried.contains(primary) { continue }
      tried.append(primary)
      do throws(RedisError) {
        var session = try patient(until: share, others: others).session(at: primary, until: share, interrupt)
        try checkRole(&session, of: service)
        session.limit = commandTimeout
        return session
      } catch {
        // Another attempt would get the same refusal of the primary.
        guard error.isOfTheWay else { throw error }
        failures.append((primary, error))
      }
    }
    throw Self.summary(failures, of: service)
  }

  private func ask(
    _ sentinel: RedisAddress, for service: String, until deadline: ContinuousClock.Instant, _ interrupt: Interrupt
  ) throws(RedisError) -> (host: String, port: Int) {
    var session = try patient(until: deadline, others: 1).session(at: sentinel, until: deadline, interrupt)
    let answer: RedisValue
    do throws(RedisError) {
      answer = try session.command(RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service))
    } catch {
      guard case .server("ERR", let message) = error, message.hasPrefix("unknown command") else { throw error }
      throw .misconfigured(
        "it is not a Sentinel",
        hint: "REDIS_URL reads redis://user:password@host:6379/0 where no Sentinels watch the server.")
    }
    if case .null = answer {
      throw .misconfigured(
        "it watches no service of this name",
        hint: "REDIS_URL reads redis+sentinel://host:26379/SERVICE/0; SENTINEL MASTERS lists the services.")
    }
    guard answer.elements.count == 2, let host = answer.elements[0].text,
      let port = answer.elements[1].text.flatMap({ Int($0) })
    else { throw .unexpectedReply("its answer is not an address") }
    return (host, port)
  }

  /// A Sentinel that was cut off from the others may still name the former primary.
  private func checkRole(_ session: inout RedisSession, of service: String) throws(RedisError) {
    let role = try session.command(RedisCommand("ROLE")).elements.first?.text ?? "nothing"
    guard role == "master" else {
      throw .connection("it was named as the primary of \(service), but reports the role «\(role)»")
    }
  }

  /// The error where no Sentinel has led to the primary.
  private static func summary(
    _ failures: [(server: RedisAddress, error: RedisError)], of service: String
  ) -> RedisError {
    let causes = failures.map { "\($0.server.location): \($0.error.text)" }.joined(separator: "; ")
    let message = "the primary of the service \(service) was not found: \(causes)"
    // A Sentinel that is out of reach now may know the primary later.
    guard let first = failures.first?.error, !failures.contains(where: { $0.error.isTransient }) else {
      return .connection(message)
    }
    return switch first {
    case .server(let code, _): .server(code: code, message: message)
    case .untrusted: .untrusted(message)
    case .refused: .refused(message)
    case .misconfigured(_, let hint): .misconfigured(message, hint: hint)
    case .unexpectedReply, .tooLarge: .unexpectedReply(message)
    case .connection, .timedOut, .cancelled: .connection(message)
    }
  }
}
