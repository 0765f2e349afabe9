import ChildProcess
import Glibc
import JSONReading

/// What Lambda, and through it the caller, gets for an event.
struct LambdaAnswer: Equatable {
  /// `nil` for an answer that is no error of the function.
  var errorType: String?
  /// JSON.
  var text: String

  /// How runs that failed are answered (`LAMBDA_FAILURES`).
  enum Failures: String, CaseIterable, Sendable {
    /// As an error of the function, which counts in its metric `Errors` and is retried.
    case error
    /// As an answer with `statusCode` 500, for callers that wait for it.
    case response
  }

  /// The most bytes of an answer: destinations of asynchronous events take 256 KB, and add some of their own.
  static let longest = 250_000

  /// - Parameters:
  ///   - output: what the run has printed: its result, if it came that far.
  ///   - memory: of the function, in bytes.
  init(_ end: ProgramEnd, _ output: [UInt8], memory: Int?, _ failures: Failures) {
    let body = String(decoding: output.last == 0x0A ? output.dropLast() : output[...], as: UTF8.self)
    if end.kind == .exited(0) {
      self.init(errorType: nil, body) { body in ["statusCode": 200, "body": .string(body)] }
    } else {
      let (type, message) = Self.failure(end, JSONValue(json: body), memory: memory)
      self.init(type, message, body, failures)
    }
  }

  /// For an event that started nothing.
  init(refusing failure: JobFailure, _ failures: Failures) {
    self.init(failure.kind.rawValue, failure.description, "", failures)
  }

  private init(_ type: String, _ message: String, _ body: String, _ failures: Failures) {
    let name = "Job.\(type)"
    self.init(errorType: failures == .error ? name : nil, body) { body in
      [
        "errorType": .string(name), "errorMessage": .string(message.shortened(to: 4000)), "statusCode": 500,
        "body": .string(body),
      ]
    }
  }

  private init(errorType: String?, _ body: String, _ json: (String) -> JSON) {
    self.errorType = errorType
    text = json(body).text
    // Escapes make it longer.
    var limit = Self.longest
    while text.utf8.count > Self.longest {
      limit -= limit / 4
      text = json(body.shortened(to: limit)).text
    }
  }

  private static func failure(_ end: ProgramEnd, _ result: JSONValue?, memory: Int?) -> (type: String, message: String)
  {
    switch end.kind {
    case .killed(let signal):
      let name = ProgramEnd.name(of: signal)
      guard signal == SIGKILL, let memory, end.peakMemory >= memory / 10 * 9 else {
        return ("killed", "the run was killed by \(name)")
      }
      return (
        "killed",
        "the run was killed by \(name) with \(end.peakMemory >> 20) of \(memory >> 20) MiB in use. "
          + "Give the function more memory."
      )
    case .notStarted(let problem):
      return ("internal", "the run could not be started: \(String(cString: strerror(problem)))")
    case .exited(let code):
      let status = result?["status"]?.text ?? "internal"
      if let error = result?["error"], let kind = error["kind"]?.text, let message = error["message"]?.text {
        return (name(kind), JobFailure(.internal, message, hint: error["hint"]?.text).description)
      }
      return (name(status), "the run ended with exit code \(code)" + (result == nil ? " and no result" : ""))
    }
  }

  /// It becomes a header.
  private static func name(_ word: String) -> String {
    word.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") } ? word : "internal"
  }
}
