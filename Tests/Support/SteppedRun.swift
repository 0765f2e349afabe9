import Foundation
import Glibc

/// A run of a binary that stands still after a chosen line of its log, the same place every time.
///
/// Its stderr is a pipe with room for one line: a line that nobody has taken makes the next one wait in
/// write(2), and with it the thread that logs. The pipe holds a line of ours at first, so that a run can
/// be stopped before its first line, too.
package struct SteppedRun: Sendable {
  package let process: Binary.Running
  private let log: FileHandle

  /// Starts the binary and returns once it stands still, or has ended.
  ///
  /// - Parameter lines: after how many lines.
  package init(_ binary: Binary, _ environment: [String: String], after lines: Int) async throws {
    try self.init(binary, environment)
    for _ in 0..<lines { _ = try await takeLine() }
    try await standsStill()
  }

  /// Starts the binary and returns once it stands still shortly after a line with this text.
  package init(_ binary: Binary, _ environment: [String: String], past text: String) async throws {
    try self.init(binary, environment)
    try await go(past: text)
  }

  /// Lets the run go on, and returns once it stands still shortly after the next line with this text.
  package func go(past text: String) async throws {
    while try await !takeLine().contains(text) {
      guard process.isRunning else { throw TestFailure("the run ended without logging «\(text)»") }
    }
    try await standsStill()
  }

  private init(_ binary: Binary, _ environment: [String: String]) throws {
    var ends: [CInt] = [-1, -1]
    // Packets: each write takes a slot of its own, however short it is.
    guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }),
      fcntl(ends[1], F_SETFL, Linux.packets) == 0, fcntl(ends[1], Linux.setPipeSize, 4096) == 4096,
      write(ends[1], "\n", 1) == 1
    else { throw TestFailure("no pipe for packets: \(String(cString: strerror(errno)))") }
    log = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    let stderr = FileHandle(fileDescriptor: ends[1], closeOnDealloc: false)
    let environment = environment.merging(["JOB_LOG_LEVEL": "debug", "JOB_LOG_FORMAT": "json"]) { $1 }
    process = try binary.start([], environment, stderr: stderr)
    close(ends[1])
  }

  /// Whether it has not got so far as to write another line, but has ended.
  package var hasEnded: Bool { !process.isRunning }

  /// The line that it stood behind, once it was killed there.
  package func lastLine() -> String { String(decoding: log.availableData, as: UTF8.self) }

  /// Lets the run go on by one line, and returns once it stands still again, or has ended.
  package func step() async throws {
    _ = try await takeLine()
    try await standsStill()
  }

  /// Takes all further lines, so that the run goes on.
  package func letGo() {
    let log = log
    Thread.detachNewThread { _ = log.readDataToEndOfFile() }
  }

  /// - Returns: nothing when the run has ended.
  private func takeLine() async throws -> String {
    try await eventually { isLineThere || !process.isRunning }
    return isLineThere ? lastLine() : ""
  }

  /// Waits until the line is there and the next one waits for room.
  private func standsStill() async throws {
    try await eventually { !process.isRunning || (isLineThere && isWaitingToWrite) }
  }

  private var isLineThere: Bool {
    var bytes: CInt = 0
    return ioctl(log.fileDescriptor, UInt(FIONREAD), &bytes) == 0 && bytes > 0
  }

  /// Whether a thread of it sleeps in write(2) to stderr. (A thread that only goes through it is "running".)
  private var isWaitingToWrite: Bool {
    let tasks = "/proc/\(process.processID)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    return threads.contains { thread in
      let call = (try? String(contentsOfFile: "\(tasks)/\(thread)/syscall", encoding: .utf8)) ?? ""
      return call.hasPrefix("\(Linux.write) 0x2 ")
    }
  }
}

/// What Swift's module of the C library leaves out: <fcntl.h> and <sys/syscall.h> of Linux.
private enum Linux {
  static let setPipeSize: CInt = 1031  // F_SETPIPE_SZ
  #if arch(arm64)
    static let packets: CInt = 0o200000  // O_DIRECT
    static let write = 64  // SYS_write
  #else
    static let packets: CInt = 0o40000
    static let write = 1
  #endif
}
