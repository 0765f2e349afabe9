import Foundation

/// Lambda on this machine: AWS' own emulator of its runtime interface, with a binary as a function's program.
package final class LambdaEmulator: Sendable {
  private let server: ServerProcess
  /// The port at which the function's process finds the runtime interface.
  private let api: Int
  /// Between that process and the interface, where a test has it so.
  private let proxy: Proxy?

  private static let program = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../.build/aws-lambda-rie").standardized.path

  /// Whether the emulator is there; `Tests/Support/python-tools.sh` fetches it.
  package static var isThere: Bool {
    let isThere = FileManager.default.isExecutableFile(atPath: program)
    if !isThere { skipped("Lambda", because: "Tests/Support/python-tools.sh was not run") }
    return isThere
  }

  /// - Parameters:
  ///   - words: the function's program, and what it is started with.
  ///   - timeout: of the function, in seconds.
  ///   - rule: harms what the function's process and the interface say to each other.
  package init(
    _ words: [String], _ environment: [String: String], timeout: Int = 900, harmedBy rule: Proxy.Rule? = nil
  ) async throws {
    let api = try Socket.freePort()
    let variables = environment.merging(["AWS_LAMBDA_FUNCTION_TIMEOUT": "\(timeout)"]) { $1 }
    let proxy = try rule.map { try Proxy(to: .tcp(port: api), rule: $0) }
    (self.api, self.proxy) = (proxy?.port ?? api, proxy)
    let words = (proxy.map { ["/usr/bin/env", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:\($0.port)"] } ?? []) + words
    server = try await ServerProcess("/usr/bin/env") { port in
      variables.map { "\($0.key)=\($0.value)" } + [
        Self.program, "--runtime-interface-emulator-address", "127.0.0.1:\(port)", "--runtime-api-address",
        "127.0.0.1:\(api)",
      ] + words
    }
  }

  deinit { proxy?.close() }

  package struct Answer: Sendable {
    /// What the caller gets.
    ///
    /// With an error of the function it is 200, too.
    package var status: Int
    package var text: String

    package var json: ResultLine { ResultLine(text: text) }
    /// The result of the run.
    package var result: ResultLine { ResultLine(text: json["body"].string ?? "") }
  }

  /// Invokes the function and waits for its answer.
  package func invoke(_ event: String = "{}") async throws -> Answer {
    let port = server.port
    return try await onThread {
      guard let socket = Socket.connect(.tcp(port: port)) else { throw TestFailure("the emulator is gone") }
      defer { close(socket) }
      let body = Array(event.utf8)
      let head =
        "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\r\n"
      _ = Socket.write(Array(head.utf8) + body, to: socket)
      var bytes: [UInt8] = []
      while let part = Socket.read(socket) { bytes += part }
      return try Self.answer(bytes)
    }
  }

  private static func answer(_ bytes: [UInt8]) throws -> Answer {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.firstRange(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
      throw TestFailure("the emulator answered «\(text.prefix(200))»")
    }
    guard text[..<end.lowerBound].lowercased().contains("transfer-encoding: chunked") else {
      return Answer(status: status, text: String(text[end.upperBound...]))
    }
    var (rest, body) = (Array(text[end.upperBound...].utf8)[...], [UInt8]())
    while let line = rest.firstIndex(of: 0x0A),
      let size = Int(String(decoding: rest[..<line].dropLast(), as: UTF8.self), radix: 16), size > 0
    {
      body += rest[(line + 1)..<(line + 1 + size)]
      rest = rest[(line + 3 + size)...]
    }
    return Answer(status: status, text: String(decoding: body, as: UTF8.self))
  }

  /// The process that waits for events, which is started by the first one.
  package func loop() throws -> Int32 {
    let variable = "AWS_LAMBDA_RUNTIME_API=127.0.0.1:\(api)"
    for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
      guard let number = Int32(name), let variables = FileManager.default.contents(atPath: "/proc/\(name)/environ"),
        variables.split(separator: 0).contains(where: { $0.elementsEqual(variable.utf8) })
      else { continue }
      return number
    }
    throw TestFailure("no process waits for events")
  }

  /// How many descriptors the process has open.
  package static func descriptors(of process: Int32) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
  }

  /// The processes that it has started and not reaped.
  package static func children(of process: Int32) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").flatMap { task in
      let list = FileManager.default.contents(atPath: "/proc/\(process)/task/\(task)/children") ?? Data()
      return String(decoding: list, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
    }
  }
}
