import Foundation

/// What a test may do to servers of its own. These calls block; a proxy's rule may use them, and an
/// asynchronous test does so through `onThread`.
extension PrivateServers {
  package enum Shutdown: String, Sendable, CaseIterable {
    /// Sessions are ended, their transactions rolled back.
    case fast
    /// As a crash: the next start recovers from the log.
    case immediate
  }

  package func stopPostgres(_ how: Shutdown) throws { try shell("$ONESHOT_PG_CTL -m \(how.rawValue) -w stop") }

  package func startPostgres() throws {
    try shell(
      """
      $ONESHOT_PG_CTL -w -l "$ONESHOT_SERVERS/postgres.log" -o "$(cat "$ONESHOT_SERVERS/postgres.options")" start
      """)
  }

  package func restartPostgres(_ how: Shutdown) throws {
    try stopPostgres(how)
    try startPostgres()
  }

  /// Freezes the server and all its sessions: connections are still taken by the kernel, nobody answers.
  package func pausePostgres() throws { try signalPostgres(SIGSTOP) }

  package func resumePostgres() throws { try signalPostgres(SIGCONT) }

  /// Ends Redis at once.
  ///
  /// It keeps nothing, so it is empty when it is started again.
  package func killRedis() throws {
    let process = try processID(in: "redis.pid")
    kill(process, SIGKILL)
    while kill(process, 0) == 0 { usleep(1000) }
  }

  /// - Parameter options: more of them, for example `--maxmemory`, `1mb`.
  package func startRedis(_ options: String...) throws {
    try shell(#"redis-server "$ONESHOT_SERVERS/redis.conf" "# + options.map { "'\($0)'" }.joined(separator: " "))
    try shell(#"until redis-cli -s "$ONESHOT_SERVERS/redis.sock" ping; do sleep 0.02; done"#)
  }

  package func pauseRedis() throws { kill(try processID(in: "redis.pid"), SIGSTOP) }

  package func resumeRedis() throws { kill(try processID(in: "redis.pid"), SIGCONT) }

  private func signalPostgres(_ signal: Int32) throws {
    let postmaster = try processID(in: "data/postmaster.pid")
    // The postmaster first: it must start no sessions meanwhile.
    kill(postmaster, signal)
    let children = try String(contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)
    for child in children.split(separator: " ").compactMap({ Int32($0) }) { kill(child, signal) }
  }

  private func processID(in file: String) throws -> Int32 {
    let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
    guard let number = text.split(separator: "\n").first.flatMap({ Int32($0) }) else {
      throw TestFailure("no process id in \(file)")
    }
    return number
  }
}
