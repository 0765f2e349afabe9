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

  package func stopPostgres(_ how: Shutdown) throws { try control("-m", how.rawValue, "-w", "stop") }

  package func startPostgres() throws {
    let options = try String(contentsOfFile: "\(folder)/postgres.options", encoding: .utf8)
    try control("-w", "-l", "\(folder)/postgres.log", "-o", options.trimmingCharacters(in: .newlines), "start")
  }

  package func restartPostgres(_ how: Shutdown) throws {
    try stopPostgres(how)
    try startPostgres()
  }

  /// Freezes the server and all its sessions: connections are still taken by the kernel, nobody answers.
  package func pausePostgres() throws { try signalPostgres(SIGSTOP) }

  package func resumePostgres() throws { try signalPostgres(SIGCONT) }

  /// Ends Redis at once. It keeps nothing, so it is empty when it is started again.
  package func killRedis() throws {
    let process = try processID(in: "redis.pid")
    kill(process, SIGKILL)
    while kill(process, 0) == 0 { usleep(1000) }
  }

  /// - Parameter options: more of them, for example `--maxmemory 1mb`.
  package func startRedis(_ options: String...) throws {
    try Command.run(["redis-server", "\(folder)/redis.conf"] + options)
    while (try? Command.run(["redis-cli", "-s", "\(folder)/redis.sock", "ping"])) == nil {}
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

  private func control(_ words: String...) throws {
    let data = "\(folder)/data"
    let version = try String(contentsOfFile: "\(data)/PG_VERSION", encoding: .utf8).trimmingCharacters(in: .newlines)
    let debian = "/usr/lib/postgresql/\(version)/bin/pg_ctl"
    let program = FileManager.default.isExecutableFile(atPath: debian) ? debian : "pg_ctl"
    try Command.runAsPostgres([program, "-D", data] + words)
  }
}

/// A command that is run to its end on the calling thread. Not by Foundation's Process, which waits for
/// the daemons that it leaves too.
package enum Command {
  package static func run(_ words: [String]) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    // A daemon that inherited the pipe of another process would keep it open for ever.
    for descriptor: Int32 in 3..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    var arguments = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
    guard code == 0 else { throw TestFailure("\(words[0]): \(String(cString: strerror(code)))") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw TestFailure("\(words.joined(separator: " ")): wait status \(status)") }
  }

  /// The same as the user whom Postgres and pgbouncer want, when this is root, whom they refuse.
  package static func runAsPostgres(_ words: [String]) throws { try run(asPostgres(words)) }

  /// For `env`, which finds the program.
  package static func asPostgres(_ words: [String]) -> [String] {
    (getuid() == 0 ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] : []) + words
  }
}
