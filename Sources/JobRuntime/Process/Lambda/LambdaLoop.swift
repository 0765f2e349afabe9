import BlockingIO
import ChildProcess
import Glibc

/// The binary as a Lambda function: waits for events, and starts itself as a child for each.
///
/// The process that lives between two events holds no connection and no lease: Lambda freezes it there, for hours. The
/// run is another process, which has ended when the event is answered (docs/decisions/0067-an-event-is-a-run.md).
struct LambdaLoop {
  /// Where Lambda's runtime interface is, in a function's environment.
  static let variable = "AWS_LAMBDA_RUNTIME_API"

  private let job: String
  private let surroundings: Surroundings
  private let settings: RuntimeSettings
  /// Whether `JOB_TIMEOUT` is one that may be replaced: the run reports one that cannot be read.
  private let mayLimit: Bool
  /// The settings that an event may set.
  private let names: [String]

  /// - Parameter names: the settings of the job that an event may set.
  init(_ job: String, _ surroundings: Surroundings, maySet names: [String]) {
    (self.job, self.surroundings) = (job, surroundings)
    var env = Environment(surroundings.environment)
    settings = RuntimeSettings(from: &env)
    mayLimit = !env.problems.contains { $0.name == "JOB_TIMEOUT" }
    self.names = names + RuntimeSettings.forEvents
  }

  /// Answers events until the process is stopped, or the runtime interface is gone.
  func run(at place: String) async -> Never {
    guard let address = HostAndPort(place) else {
      surroundings.terminal.writeLine("\(job): \(Self.variable) is «\(printable(place))», not host:port")
      ThisProcess.end(FailureKind.misconfigured.exitCode)
    }
    let api = LambdaAPI(address)
    var id: String?
    do { id = try api.register(as: job) } catch {
      log("Lambda").warning("no SIGTERM will come before the end", ["error": .string(error.description)])
    }
    do { if let id { try api.wait(as: id) } } catch { end(error) }
    while true {
      let next = await surroundings.stop.answered(by: { ThisProcess.end(0) }, during: { Result(catching: api.next) })
      do {
        let event = try next.get()
        try api.post(await answer(event), to: event)
      } catch {
        // An event that is not answered would come again at once.
        end(error)
      }
    }
  }

  private func end(_ error: any Error) -> Never {
    log("Lambda").error("the runtime interface failed; the process ends", ["error": .string("\(error)")])
    ThisProcess.end(FailureKind.internal.exitCode)
  }

  private func log(_ id: String) -> Log {
    Log(
      to: surroundings.terminal, format: settings.logFormat, level: settings.logLevel, job: job, runID: id,
      redactor: Redactor([]), now: surroundings.now)
  }

  private func answer(_ event: LambdaAPI.Event) async -> LambdaAnswer {
    do throws(JobFailure) {
      let request = try EventRequest(event.body, maySet: names)
      let program = program(for: request, timeout: try timeout(until: event.deadline))
      let stop = ProgramStop()
      let (end, output) = await surroundings.stop.answered(by: stop.request) {
        program.runBlocking(CapturedOutput(atMost: 1 << 22), stop)
      }
      return LambdaAnswer(end, output.bytes, memory: memory, settings.lambdaFailures)
    } catch {
      log(event.id).error(error.description)
      return LambdaAnswer(refusing: error, settings.lambdaFailures)
    }
  }

  /// What a run is given less than Lambda gives the function: it may take this long to end after its own deadline, and
  /// its result has to be passed on.
  private static let reserve = StopLimits.contract + .seconds(1)

  /// - Returns: how long the run may take; `nil` where Lambda sets no limit.
  private func timeout(until deadline: Timestamp?) throws(JobFailure) -> Duration? {
    guard let deadline else { return nil }
    let left = deadline - surroundings.now() - Self.reserve
    guard left >= .seconds(2) else {
      throw JobFailure(
        .deadline, "Lambda leaves the event \(max(.zero, left + Self.reserve).inMilliseconds) ms; nothing was started",
        hint: "The function's timeout must be 15 s or more: \(Self.reserve.components.seconds) s of it are for the end."
      )
    }
    return left
  }

  private func program(for request: EventRequest, timeout: Duration?) -> Program {
    var variables = surroundings.environment.merging(request.variables) { $1 }
    // Or it would wait for events itself.
    variables[Self.variable] = nil
    if let timeout, mayLimit { variables["JOB_TIMEOUT"] = DurationText.format(min(timeout, settings.timeout)) }
    // Lambda gives a zip's program the name of the handler, which is nothing to the job.
    let words = surroundings.arguments
    let own = words.first?.hasPrefix("-") == false ? words.dropFirst() : words[...]
    var program = Program(
      path: ThisProcess.file, arguments: [job] + request.arguments + own, environment: variables)
    program.lent = [STDERR_FILENO: STDERR_FILENO]
    program.read = [STDOUT_FILENO]
    program.grace = StopLimits.contract
    return program
  }

  /// The function's, in bytes.
  private var memory: Int? {
    surroundings.environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].flatMap { Int($0) }.flatMap {
      $0 > 0 && $0 < 1 << 30 ? $0 << 20 : nil
    }
  }
}
