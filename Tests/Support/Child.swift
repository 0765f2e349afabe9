import Foundation

/// A process of ours: with the three descriptors that it is given and no others, and with no signal blocked.
///
/// Not Foundation's Process. On Linux that lets descriptors through to whatever else is started in the same
/// moment; a server among them keeps the pipe of a run, and the word of its end, for as long as it lives.
final class Child: Sendable {
  let processID: Int32

  /// `posix_spawn_file_actions_addclosefrom_np`, which Swift's module of the C library leaves out.
  private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
    unsafeBitCast($0, to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
  }

  /// - Parameters:
  ///   - words: the program, looked for in PATH where it is no path, and its arguments.
  ///   - environment: all of its environment; without it this process's.
  ///   - input, output, errors: descriptors; nothing without them.
  init(
    _ words: [String], environment: [String: String]? = nil, input: Int32? = nil, output: Int32? = nil,
    errors: Int32? = nil
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in zip(Int32(0)..., [input, output, errors]) {
      if let descriptor {
        posix_spawn_file_actions_adddup2(&actions, descriptor, number)
      } else {
        posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
      }
    }
    guard let closeFrom = Self.closeFrom else { throw TestFailure("the tests need glibc 2.34 or newer") }
    _ = closeFrom(&actions, 3)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var arguments = words.map { strdup($0) } + [nil]
    let environment = environment ?? ProcessInfo.processInfo.environment
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, words[0], &actions, &attributes, &arguments, &variables)
    guard code == 0 else { throw TestFailure("\(words[0]): \(String(cString: strerror(code)))") }
    processID = process
  }

  var isRunning: Bool {
    var facts = siginfo_t()
    let isKnown = waitid(P_PID, id_t(processID), &facts, WEXITED | WNOHANG | WNOWAIT) == 0
    return isKnown && facts.si_signo != SIGCHLD
  }

  func send(_ signal: Int32) { kill(processID, signal) }

  /// Waits for the end, once, on the calling thread.
  ///
  /// - Returns: the exit code; 128 and its number after a signal.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(processID, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
