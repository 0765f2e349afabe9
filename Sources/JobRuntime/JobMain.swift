import BlockingIO
import Dispatch
import Glibc
import Synchronization

/// The version of all binaries of this project.
package let oneshotVersion = "0.1.0"

/// The only file that touches the process: environment, arguments, signals, stdout, exit.
enum JobMain {
  /// How long after a signal, or after its deadline, a process may take to end.
  static let stopsWithin = Duration.seconds(10)
  /// How much of it the process may still tidy up after a signal; the last word has the rest.
  private static let graceAfterSignal = Duration.seconds(8)

  static func run<J: Job>(_ type: J.Type) async {
    signal(SIGPIPE, SIG_IGN)
    let interruption = Interruption()
    interruption.watch(grace: graceAfterSignal)
    keepStandardDescriptors()
    let startedAt = wallClock()
    let process = ProcessFacts()
    var generator = SystemRandomNumberGenerator()
    let runID = RunID(at: startedAt, using: &generator)

    let arguments = CommandLine.arguments.dropFirst()
    if Array(arguments) == ["--help"] {
      writeAll(Help.text(of: J.self), to: STDOUT_FILENO)
      exit(0)
    }
    if Array(arguments) == ["--version"] {
      writeAll("\(J.name) \(oneshotVersion)\n", to: STDOUT_FILENO)
      exit(0)
    }

    if Array(arguments) == ["--describe"] {
      writeAll(Description.json(of: J.self, process.environment).text + "\n", to: STDOUT_FILENO)
      exit(0)
    }

    var env = Environment(process.environment)
    var settings = RuntimeSettings(from: &env)
    let own = J.Settings(from: &env)
    if arguments.first == "--plan" { settings.isDryRun = true }
    // A URL may hold the job's name too, which is no secret.
    let redactor = Redactor(env.secrets.filter { $0 != J.name })
    let log = Log(
      to: process.terminal, format: settings.logFormat, level: settings.logLevel, job: J.name,
      runID: runID.description, redactor: redactor, now: wallClock)
    var warning: String?
    let logicalTime = LogicalTime.decide(
      setting: settings.scheduledAt, kubernetesName: settings.kubernetesName, now: startedAt, warning: &warning)
    if let warning { log.warning(warning) }

    let identity = settings.identity(of: J.self, variant: env.variant)
    var blank = RunResult(
      identity: identity, version: oneshotVersion, runID: runID.description, status: .failed, exitCode: 0,
      logicalTime: logicalTime, startedAt: startedAt)
    let output = ResultOutput(redactor: redactor, path: settings.resultFile, log: log, terminal: process.terminal)

    func fail(_ failure: JobFailure) -> Never {
      blank.error = failure
      blank.exitCode = failure.kind.exitCode
      output.printAndExit(blank)
    }
    let known: Set<String> = ["--plan", "--check"]
    if arguments.count > 1 || !arguments.allSatisfy(known.contains) {
      let wrong = arguments.first { !known.contains($0) } ?? arguments.dropFirst().first ?? ""
      fail(
        JobFailure(
          .usage, "the argument \(wrong) is not known, or one too many",
          hint: "\(J.name) --help lists the arguments; settings come from the environment."))
    }
    guard env.problems.isEmpty else {
      blank.errors = env.problems.map { .init(item: $0.name, kind: "setting", message: "\($0.name) \($0.message)") }
      blank.errorsTotal = env.problems.count
      let all = env.problems.map { "\($0.name) \($0.message)" }.joined(separator: "; ")
      fail(JobFailure(.misconfigured, all, hint: "\(J.name) --help lists every setting. Nothing has been contacted."))
    }

    let surroundings = JobRunner<J>.Surroundings(
      host: process.host, processID: getpid(), now: wallClock, signal: { interruption.signal })
    let channels = Channel.all(settings.telemetry, terminal: process.terminal)
    let telemetry = Telemetry(channels, redactor: redactor, log: log)
    guard
      let runner = JobRunner(
        job: J(settings: own), settings: settings, identity: identity, logicalTime: logicalTime, runID: runID,
        startedAt: startedAt, log: log, surroundings: surroundings, telemetry: telemetry)
    else { fail(JobFailure(.misconfigured, "DATABASE_URL and REDIS_URL are required")) }

    let isCheck = arguments.first == "--check"
    let work = Task { isCheck ? await runner.check() : await runner.run() }
    interruption.handle(
      first: {
        work.cancel()
        SideThread(label: "log").start { log.info("asked to stop; stopping at the next safe point") }
      }, last: { output.printAndExit(runner.lastWord(.interrupted)) })
    LastResort.end(after: settings.timeout + stopsWithin, with: FailureKind.deadline.exitCode) {
      output.printAndExit(runner.lastWord(.failed, runner.timeIsUp))
    }
    output.printAndExit(await work.value)
  }

  /// A standard descriptor that was closed is taken by something that refuses writes, so that no socket
  /// gets its number and with it our result or log.
  private static func keepStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDONLY)
    }
  }
}

/// The clock on the wall. A job is given its moment instead.
package func wallClock() -> Timestamp {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
}

/// All environment variables of this process.
package func processEnvironment() -> [String: String] {
  var variables: [String: String] = [:]
  var entry = environ
  while let text = entry.pointee {
    let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
    entry += 1
  }
  return variables
}

/// What the process finds around itself.
private struct ProcessFacts {
  let environment = processEnvironment()
  let host: String
  let terminal = Terminal(descriptor: STDERR_FILENO)

  init() {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// SIGTERM and SIGINT: the first cancels the work, a second one, or the end of the grace, ends the process.
private final class Interruption: Sendable {
  private struct State {
    var signal: Int32?
    var first: (@Sendable () -> Void)?
    var last: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "signals")
  // Dispatch sources are not marked Sendable on Linux; these are only kept alive here, and set once.
  private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

  /// The first signal that came.
  var signal: Int32? { state.withLock(\.signal) }

  /// Catches signals from now on; one that comes before `handle` waits for it.
  ///
  /// - Parameter grace: how long after the first signal the process may still tidy up.
  func watch(grace: Duration) {
    for number in [SIGTERM, SIGINT] {
      Glibc.signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { self.take(number, grace) }
      source.resume()
      sources.append(source)
    }
  }

  /// Says what the signals do. Neither may block for long before its purpose is reached.
  func handle(first: @escaping @Sendable () -> Void, last: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      (state.first, state.last) = (first, last)
      return state.signal != nil
    }
    if isLate { first() }
  }

  private func take(_ number: Int32, _ grace: Duration) {
    let (isFirst, signal) = state.withLock { state in
      let isFirst = state.signal == nil
      state.signal = state.signal ?? number
      return (isFirst, state.signal ?? number)
    }
    if isFirst { state.withLock(\.first)?() }
    LastResort.end(after: isFirst ? grace : .zero, with: 128 + signal) { self.state.withLock(\.last)?() }
  }
}

/// The end of the process, whatever its threads are doing: even those that write to a pipe nobody reads.
private enum LastResort {
  /// How long the last word may take.
  private static let patience = Duration.seconds(1)

  /// - Parameters:
  ///   - delay: how long from now.
  ///   - exitCode: the process's, if the last word is not said in time.
  ///   - lastWord: says it, and ends the process.
  static func end(after delay: Duration, with exitCode: Int32, _ lastWord: @escaping @Sendable () -> Void) {
    queue("last-word", after: delay, lastWord)
    queue("last-resort", after: delay + patience) { _exit(exitCode) }
  }

  /// A queue of its own has a thread of its own.
  private static func queue(_ label: String, after delay: Duration, _ work: @escaping @Sendable () -> Void) {
    DispatchQueue(label: label).asyncAfter(
      deadline: .now() + .milliseconds(Int(clamping: delay.inMilliseconds)), execute: work)
  }
}

/// Prints the one result line, however many ways lead to the end.
private final class ResultOutput: Sendable {
  private let redactor: Redactor
  private let path: String?
  private let log: Log
  private let terminal: Terminal
  private let isPrinted = Mutex(false)

  init(redactor: Redactor, path: String?, log: Log, terminal: Terminal) {
    self.redactor = redactor
    self.path = path
    self.log = log
    self.terminal = terminal
  }

  /// Writes where a reader may be stuck (a full pipe, a hung file system), and goes on after a while.
  private func saying(_ what: String, _ work: @escaping @Sendable () -> Void) {
    SideThread(label: what).run(blockingAtMost: .milliseconds(400), work)
  }

  func printAndExit(_ result: RunResult) -> Never {
    isPrinted.withLock { isPrinted in
      // Whoever comes second waits here for ever: the first ends the process.
      saying("the log") { [log, terminal] in
        terminal.clearProgress()
        if let failure = result.error { log.error(failure.message, failure.hint.map { ["hint": .string($0)] } ?? [:]) }
      }
      if !isPrinted {
        isPrinted = true
        let result = redactor.redact(result)
        if !writeAll(result.json.text + "\n", to: STDOUT_FILENO) {
          saying("a warning") { [log] in
            log.warning("the result could not be written to stdout; the exit code still tells")
          }
        }
        saying("the result's copy") { [log, path] in
          if let problem = ResultFile.write(result.json(atMost: ResultFile.limit), to: path) {
            log.warning("the second copy of the result could not be written", ["error": .string(problem)])
          }
        }
      }
      // Not exit: its handlers (OpenSSL's, libpq's) must not run under threads that still work.
      _exit(result.exitCode)
    }
  }
}
