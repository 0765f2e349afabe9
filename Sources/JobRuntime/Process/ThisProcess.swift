import Glibc

/// This process: its surroundings, and its end.
///
/// Only the start of a binary uses it; everything else receives `Surroundings`.
package enum ThisProcess {
  /// Prepares the process: SIGPIPE does not end it, and its standard descriptors are used for nothing else.
  package static func prepare() {
    // A reader that is gone becomes an error of the write.
    signal(SIGPIPE, SIG_IGN)
    // A closed standard descriptor is opened as something that refuses writes, so that no socket gets its number and
    // with it the result or the log.
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDONLY)
    }
  }

  package static var surroundings: Surroundings {
    let termination = ResultFile.kubernetesPath
    let answer: @Sendable () -> String? = { readLine() }
    var surroundings = Surroundings(
      arguments: Array(CommandLine.arguments.dropFirst()), environment: environment, host: host, user: user,
      processID: getpid(),
      now: clock, terminal: Terminal(descriptor: STDERR_FILENO), output: stdout,
      resultFile: access(termination, W_OK) == 0 ? termination : nil,
      readAnswer: isatty(STDIN_FILENO) == 1 ? answer : nil)
    surroundings.input = STDIN_FILENO
    return surroundings
  }

  /// The program's file.
  static var file: String {
    let link = "/proc/self/exe"
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(link, &path, path.count)
    return count > 0 ? String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : link
  }

  /// Ends it at once.
  ///
  /// Not exit: its handlers (OpenSSL's, libpq's) must not run under threads that still work.
  package static func end(_ code: Int32) -> Never { _exit(code) }

  private static var user: String {
    let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(geteuid())"
    return "\(user)@\(host)"
  }

  private static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static var environment: [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      // By bytes: an equals sign and an accent behind it are one character.
      let variable = String(cString: text)
      if let end = variable.utf8.firstIndex(of: UInt8(ascii: "=")) {
        variables[String(variable[..<end])] = String(variable[variable.utf8.index(after: end)...])
      }
      entry += 1
    }
    return variables
  }

  @Sendable private static func clock() -> Timestamp {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
  }

  private static var stdout: Output {
    Output(
      width: {
        var size = winsize()
        // Fails where stdout is no terminal.
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
      },
      write: { writeAll($0, to: STDOUT_FILENO) ? 0 : errno })
  }
}
