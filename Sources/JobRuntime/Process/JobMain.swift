import BlockingIO

/// The version of all binaries of this project.
package let oneshotVersion = "0.1.0"

/// One invocation in its own process: it receives signals, and its result ends the process.
enum JobMain {
  static func run<J: Job>(_ type: J.Type) async -> Never {
    let signals = Signals()
    ThisProcess.prepare()
    var surroundings = ThisProcess.surroundings
    surroundings.stop = signals.stop
    if let place = surroundings.environment[LambdaLoop.variable], !place.isEmpty {
      let names = JobHelp.declarations(of: type).own.filter(\.isForEvents).map(\.name)
      await LambdaLoop(type.name, surroundings, maySet: names).run(at: place)
    }
    switch Invocation<J>(surroundings).prepare() {
    case .text(let text):
      do throws(JobFailure) { try surroundings.output.say(text) } catch {
        surroundings.terminal.writeLine("\(J.name): \(error)")
        ThisProcess.end(error.kind.exitCode)
      }
      ThisProcess.end(0)
    case .run(let run):
      signals.sayBeforeTheEnd { ThisProcess.end(run.delivery.deliver(run.lastWord(.signal))) }
      if let timeout = run.timeout {
        LastResort.end(after: timeout + StopLimits.graceAfterDeadline, with: FailureKind.deadline.exitCode) {
          ThisProcess.end(run.delivery.deliver(run.lastWord(.deadline)))
        }
      }
      ThisProcess.end(run.delivery.deliver(await run.result()))
    }
  }
}
