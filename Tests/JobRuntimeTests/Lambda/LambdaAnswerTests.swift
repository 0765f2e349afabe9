import ChildProcess
import Foundation
import TestSupport
import Testing

@testable import JobRuntime

/// What the caller of a Lambda function gets for each end of a run.
@Suite struct LambdaAnswerTests {
  private func answer(
    _ kind: ProgramEnd.Kind, _ output: String, memory: Int? = nil, peak: Int = 0,
    _ failures: LambdaAnswer.Failures = .error
  ) throws -> (type: String?, json: [String: Any], text: String) {
    var end = ProgramEnd(kind)
    end.peakMemory = peak
    let answer = LambdaAnswer(end, Array(output.utf8), memory: memory, failures)
    let json = try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any]
    return (answer.errorType, try #require(json), answer.text)
  }

  @Test func `a run that went well is an answer with its line`() throws {
    let (type, json, text) = try answer(.exited(0), "{\"status\":\"succeeded\"}\n")
    #expect(type == nil && text == #"{"statusCode":200,"body":"{\"status\":\"succeeded\"}"}"#)
    #expect(json["body"] as? String == #"{"status":"succeeded"}"#)
  }

  @Test func `a failure is an error of its kind, with what was said and the hint`() throws {
    let line =
      #"{"status":"failed","exit_code":69,"error":{"kind":"unavailable","message":"no server","hint":"Start it."}}"#
    let (type, json, _) = try answer(.exited(69), line + "\n")
    #expect(type == "Job.unavailable" && json["errorType"] as? String == type)
    #expect(json["errorMessage"] as? String == "no server. Start it.")
    #expect(json["statusCode"] as? Int == 500 && json["body"] as? String == line)
  }

  @Test func `what has no error of its own is called by its status`() throws {
    let (type, json, _) = try answer(.exited(65), #"{"status":"partial","exit_code":65}"#)
    #expect(type == "Job.partial" && json["errorMessage"] as? String == "the run ended with exit code 65")
    #expect(try answer(.exited(143), #"{"status":"interrupted"}"#).type == "Job.interrupted")
  }

  @Test func `a run without a result is an internal error, whatever it printed`() throws {
    for output in ["", "half a lin", #"{"status":"failed","error":{"kind":"x\r\nInjected: 1","message":"m"}}"#] {
      #expect(try answer(.exited(3), output).type == "Job.internal")
    }
    let message = try answer(.exited(3), "").json["errorMessage"] as? String
    #expect(message == "the run ended with exit code 3 and no result")
    #expect(try answer(.notStarted(2), "").type == "Job.internal")
  }

  @Test func `a killed run is one, and short memory is the hint only where memory was short`() throws {
    let (type, json, _) = try answer(.killed(9), "", memory: 128 << 20, peak: 127 << 20)
    #expect(type == "Job.killed")
    #expect(
      json["errorMessage"] as? String
        == "the run was killed by SIGKILL with 127 of 128 MiB in use. Give the function more memory.")
    for (signal, peak) in [(Int32(9), 100 << 20), (11, 127 << 20)] {
      let message = try answer(.killed(signal), "", memory: 128 << 20, peak: peak).json["errorMessage"] as? String
      #expect(message?.contains("memory") == false)
    }
  }

  @Test func `for callers that wait a failure is an answer`() throws {
    let (type, json, _) = try answer(.exited(78), #"{"status":"failed"}"#, .response)
    #expect(type == nil && json["statusCode"] as? Int == 500 && json["errorType"] as? String == "Job.failed")
  }

  @Test(arguments: ["x", "\"", "\u{1}", "ü", "😀"])
  func `a line of 300 KB and more is shortened to what destinations take`(piece: String) throws {
    let line = String(repeating: piece, count: 300_000)
    for kind in [ProgramEnd.Kind.exited(0), .exited(70)] {
      let (_, json, text) = try answer(kind, line)
      #expect(text.utf8.count <= 250_000)
      let body = try #require(json["body"] as? String)
      #expect(body.hasSuffix("…") && body.utf8.count > 20_000 && line.hasPrefix(body.dropLast()))
    }
  }
}
