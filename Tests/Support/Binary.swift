package import Foundation

/// A built executable, run as a scheduler would run it: its environment is what is given and nothing else.
package struct Binary: Sendable {
  package let url: URL

  /// - Parameter name: in kebab-case; the binary lies beside the tests' own.
  package init(_ name: String) {
    // …/.build/debug/oneshotPackageTests.xctest is what runs here.
    url = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name)
  }

  /// - Parameter path: any executable.
  package init(path: String) { url = URL(filePath: path) }

  /// What a process left.
  package struct Outcome: Sendable {
    package var exitCode: Int32
    package var output: String
    package var errors: String
    /// The result line; `null` when there is not exactly one.
    package var result: ResultLine {
      let lines = output.split(separator: "\n")
      guard lines.count == 1, output.hasSuffix("\n") else { return ResultLine(nil) }
      return ResultLine(text: String(lines[0]))
    }
  }

  /// A process that has been started.
  package final class Running: Sendable {
    private let child: Child
    private let ended: Task<Outcome, Never>

    init(_ child: Child, _ output: Pipe, _ errors: Pipe) {
      self.child = child
      ended = Task.detached {
        async let said = Self.all(of: output)
        async let complained = Self.all(of: errors)
        let exitCode = await withCheckedContinuation { continuation in
          Thread.detachNewThread { continuation.resume(returning: child.wait()) }
        }
        return await Outcome(exitCode: exitCode, output: said, errors: complained)
      }
    }

    package var isRunning: Bool { child.isRunning }

    package var processID: Int32 { child.processID }

    package func send(_ signal: Int32) { child.send(signal) }

    /// Waits for the end.
    package func outcome() async -> Outcome { await ended.value }

    /// Waits for the end that has to come by itself, and makes one after the limit.
    package func outcome(within limit: Duration) async throws -> Outcome {
      do { try await eventually(within: limit) { !isRunning } } catch {
        send(SIGKILL)
        throw TestFailure("the process had not ended by itself within \(limit)")
      }
      return await outcome()
    }

    /// Reads on a thread of its own: the shared pool has only as many threads as cores.
    private static func all(of pipe: Pipe) async -> String {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          let data = pipe.fileHandleForReading.readDataToEndOfFile()
          // Foundation keeps it for longer than anybody uses it, and thousands of runs add up.
          try? pipe.fileHandleForReading.close()
          continuation.resume(returning: String(decoding: data, as: UTF8.self))
        }
      }
    }
  }

  /// - Parameters:
  ///   - input: what it reads; nothing without it.
  ///   - stderr: where log lines go, instead of into the outcome.
  package func start(
    _ arguments: [String] = [], _ environment: [String: String] = [:], input: Pipe? = nil, stderr: FileHandle? = nil
  ) throws -> Running {
    // The loader still has to find Swift's libraries where the toolchain is not in a standard place.
    let inherited = ProcessInfo.processInfo.environment.filter { $0.key == "LD_LIBRARY_PATH" || $0.key == "PATH" }
    let (output, errors) = (Pipe(), Pipe())
    let child = try Child(
      [url.path] + arguments, environment: inherited.merging(environment, uniquingKeysWith: { $1 }),
      input: input?.fileHandleForReading.fileDescriptor, output: output.fileHandleForWriting.fileDescriptor,
      errors: (stderr ?? errors.fileHandleForWriting).fileDescriptor)
    // The child has its own now; the end of what it says is seen only once nobody else could say more.
    for pipe in [output, errors] { try pipe.fileHandleForWriting.close() }
    try input?.fileHandleForReading.close()
    return Running(child, output, errors)
  }

  package func run(_ arguments: [String] = [], _ environment: [String: String] = [:]) async throws -> Outcome {
    try await start(arguments, environment).outcome()
  }
}

/// A result line, looked into by member names: `result["counts", "inserted"].int`.
package struct ResultLine: Sendable {
  private nonisolated(unsafe) let value: Any?

  init(_ value: Any?) { self.value = value is NSNull ? nil : value }

  package init(text: String) { self.init(try? JSONSerialization.jsonObject(with: Data(text.utf8))) }

  package subscript(path: String...) -> ResultLine {
    ResultLine(path.reduce(value) { ($0 as? [String: Any])?[$1] })
  }

  package subscript(index: Int) -> ResultLine {
    let elements = value as? [Any] ?? []
    return ResultLine(elements.indices.contains(index) ? elements[index] : nil)
  }

  package var isThere: Bool { value != nil }
  package var string: String? { value as? String }
  package var int: Int? { (value as? NSNumber)?.intValue }
  package var bool: Bool? { value as? Bool }
  package var count: Int { (value as? [Any])?.count ?? 0 }
  package var elements: [ResultLine] { (value as? [Any] ?? []).map { ResultLine($0) } }
}
