import ChildProcess
import Glibc
import JobRuntime

/// The programs that previews are made with: where they are, and how each is run.
struct Programs: Sendable {
  let ffmpeg: String
  let ffprobe: String
  private let sandbox: Sandbox
  private let environment: [String: String]
  private let folder: String
  private let probeTime: Duration

  /// The name under which a program finds the source: its descriptor number 3, and no name of anybody's.
  static let source = "file:/dev/fd/3"

  /// - Parameter folder: where a program works, when it writes nothing.
  /// - Throws: what is missing.
  init(_ settings: MediaPreviews.Settings, workingIn folder: String) throws(JobFailure) {
    let path = settings.path
    ffmpeg = try Self.find(settings.ffmpeg, path, "PREVIEWS_FFMPEG")
    ffprobe = try Self.find(settings.ffprobe, path, "PREVIEWS_FFPROBE")
    sandbox = Sandbox(
      kind: settings.sandbox, setpriv: try Self.find("setpriv", path), prlimit: try Self.find("prlimit", path),
      unshare: settings.sandbox == .full ? try Self.find("unshare", path) : "", memory: settings.memory,
      time: Int(settings.itemTimeout.components.seconds) + 1)
    self.folder = folder
    probeTime = settings.probeTime
    environment = ["PATH": path ?? "/usr/local/bin:/usr/bin:/bin", "HOME": folder]
  }

  private static func find(_ word: String, _ path: String?, _ setting: String? = nil) throws(JobFailure) -> String {
    do { return try ProgramPath.find(word, in: path) } catch {
      let package = setting == nil ? "util-linux" : "ffmpeg"
      throw JobFailure(
        .misconfigured, "\(error)",
        hint: "Install Debian's package \(package), or use the image of this job (docker/Dockerfile.media-previews)"
          + (setting.map { ", or set \($0)." } ?? "."))
    }
  }

  /// How a program ended, where it was not stopped together with the run.
  enum End: Sendable, Equatable {
    case well(output: String, errors: String)
    /// It could not do it, and says why.
    case refused(String)
    case failed(LetterKind, String)
  }

  /// Has ffprobe look at a file, or at itself.
  func probe(_ arguments: [String], on source: OpenFile? = nil) async throws -> End {
    try await run(ffprobe, arguments, on: source, within: probeTime)
  }

  /// Runs a program in the sandbox.
  ///
  /// - Parameters:
  ///   - source: what it finds as descriptor 3.
  ///   - folder: where it works and may write, if it writes.
  /// - Throws: `CancellationError` once the run has to stop; a failure where no program can be started.
  func run(
    _ program: String, _ arguments: [String], on source: OpenFile? = nil, in folder: String? = nil,
    within limit: Duration, largestFile: Int = 1 << 20
  ) async throws -> End {
    let command = sandbox.commandPrefix(largestFile: largestFile) + [program] + arguments
    var child = Program(path: command[0], arguments: command, environment: environment)
    child.folder = folder ?? self.folder
    if let source { child.lent = [3: source.number] }
    child.timeLimit = limit
    let (end, output) = await child.run(CapturedOutput(atMost: 256 << 10))
    return try withExtendedLifetime(source) { try Self.judge(end, output, program, within: limit) }
  }

  static func judge(_ end: ProgramEnd, _ output: CapturedOutput, _ program: String, within limit: Duration) throws
    -> End
  {
    let errors = output.errors
    if end.stopped == .requested || Task.isCancelled { throw CancellationError() }
    if end.stopped == .timeLimit {
      return .failed(.timedOut, "\(program) had not ended after \(DurationText.format(limit))")
    }
    if end.stopped == .unread { return .refused("there is more to say of it than of any film") }
    switch end.kind {
    case .notStarted(let number):
      throw JobFailure(
        .internal, "\(program) could not be started: \(SystemError(number))",
        hint: "The system had no process, memory or descriptor left; the next run does the work.")
    case .killed(SIGKILL), .killed(SIGXCPU):
      return .failed(
        .timedOut, "\(program) was killed: it had used up its processor time, or the container its memory")
    case .killed(SIGXFSZ): return .failed(.tooLarge, "the preview is larger than any should be")
    case .killed(let signal): return .failed(.crashed, "\(program) ended by \(ProgramEnd.name(of: signal))")
    case .exited(let code):
      if code != 0 { try Self.checkSandbox(errors) }
      if code == 0, end.isSuccess {
        return .well(output: String(decoding: output.bytes, as: UTF8.self), errors: errors)
      }
      if code == 127 || Self.lacksMemory(errors) {
        return .failed(.memory, "PREVIEWS_MEMORY was not enough for \(program): \(Self.lastLine(errors))")
      }
      // What ffmpeg answers to a signal that is not from here.
      if code == 255 { return .failed(.crashed, "\(program) was stopped by another process") }
      if errors.hasPart("Input/output error") { return .failed(.unreadable, Self.lastLine(errors)) }
      return .refused(errors)
    }
  }

  /// - Throws: what keeps a tool of the sandbox from starting the program. No source is to blame for it.
  private static func checkSandbox(_ errors: String) throws(JobFailure) {
    // Only the end of a long text is kept, and a source may have words of its own there.
    guard errors.utf8.count < 2048,
      let tool = ["setpriv", "prlimit", "unshare"].first(where: { errors.hasPrefix("\($0): ") })
    else { return }
    throw JobFailure(
      .misconfigured, "ffmpeg cannot be sandboxed here: \(lastLine(errors))",
      hint: tool == "unshare"
        ? "Allow user namespaces here; or set PREVIEWS_SANDBOX=limits, and let a NetworkPolicy keep the job from everything but Postgres and Redis."
        : "Look at the limits of this container, and at PREVIEWS_MEMORY.")
  }

  /// Whether a program says so; a source may have these words in it, too.
  static func saysFullDisk(_ errors: String) -> Bool {
    errors.hasPart("No space left on device") || errors.hasPart("Disk quota exceeded")
  }

  static func lacksMemory(_ errors: String) -> Bool {
    ["Cannot allocate memory", "failed to map segment", "malloc of size", "get_buffer() failed"].contains {
      errors.hasPart($0)
    }
  }

  /// What a program said last, without what only differs from run to run.
  ///
  /// It may hold words of a source's, and Postgres
  /// takes no character of number 0.
  static func lastLine(_ errors: String) -> String {
    let said = errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? "it gave no reason"
    let line = String(
      String.UnicodeScalarView(
        said.unicodeScalars.prefix(500).map { $0.properties.generalCategory == .control ? " " : $0 }))
    return line.hasPrefix("\(source): ") ? String(line.dropFirst(source.count + 2)) : line
  }
}

extension String {
  /// Whether another text stands in it.
  func hasPart(_ part: String) -> Bool {
    let (all, part) = (Array(utf8), Array(part.utf8))
    guard all.count >= part.count else { return false }
    return (0...(all.count - part.count)).contains { all[$0..<($0 + part.count)].elementsEqual(part) }
  }
}
