import ChildProcess
import Glibc
import JSONReading
import JobRuntime
import Operations

/// The binary of a job on this machine, and what it says of itself.
struct InstalledJob: Sendable {
  let name: String
  let path: String
  /// All of what it finds in its environment.
  let environment: [String: String]

  /// How long a binary may take: a check of servers that do not answer takes a few timeouts.
  private static let limit = Duration.minutes(2)
  private static let longestAnswer = 1 << 20

  /// - Parameter option: `--describe`, `--check`.
  /// - Returns: the line of JSON on its stdout, and its exit code.
  /// - Throws: where it could not be started, or said something else.
  func answer(to option: String) async throws -> (json: JSONValue, exitCode: Int32) {
    var program = Program(path: path, arguments: [name, option], environment: environment)
    program.timeLimit = Self.limit
    let (end, output) = await program.run(CapturedOutput(atMost: Self.longestAnswer))
    guard case .exited(let code) = end.kind, end.stopped == nil, let json = JSONValue(json: output.bytes) else {
      let said = output.errors.split(separator: "\n").last.map { ": \($0)" } ?? ""
      throw JobFailure(
        .internal, "\(path) \(option) gave no answer\(said)", hint: "Is it a binary of this package? Run it by itself.")
    }
    return (json, code)
  }
}

/// Which jobs a command looks at, and where their binaries and settings are.
struct InstalledJobs: Sendable {
  private let named: [String]
  private let folder: SettingsFolder?
  private let environment: [String: String]

  init(from arguments: inout Arguments, _ env: inout Environment) {
    folder = arguments.optionalText(
      "settings", .file, help: "a folder with JOB.settings of each job that is on, and settings for all of them"
    ).map { SettingsFolder(path: $0) }
    named = arguments.operands(
      .job, help: "the jobs; without any those that have a file in the folder, or else all whose binaries are here")
    environment = env.forPrograms()
  }

  /// Whether somebody has said which jobs: by name, or by a folder.
  var isChosen: Bool { !named.isEmpty || folder != nil }

  /// - Throws: where a job that is named, or on, has no binary.
  func all() throws -> [InstalledJob] {
    let names = try named.isEmpty ? folder?.jobs() ?? JobNames.all : named
    var jobs: [InstalledJob] = []
    for name in names {
      let settings = try folder?.settings(of: name) ?? [:]
      do throws(ProgramPath.Problem) {
        let path = try Self.path(of: name, in: environment["PATH"])
        jobs.append(InstalledJob(name: name, path: path, environment: environment.merging(settings) { $1 }))
      } catch {
        guard isChosen else { continue }
        throw JobFailure(
          .misconfigured, "the job \(name): \(error)",
          hint: "The binary is looked for beside oneshot, then in PATH. Is this its name?")
      }
    }
    guard !jobs.isEmpty else {
      throw JobFailure(
        .misconfigured, "there is no job here: none has a binary beside oneshot or in PATH",
        hint: "Name one, or put the binaries there.")
    }
    return jobs
  }

  /// Beside this binary, or in PATH.
  private static func path(of name: String, in path: String?) throws(ProgramPath.Problem) -> String {
    guard let folder = ownFolder else { return try ProgramPath.find(name, in: path) }
    let beside = "\(folder)/\(name)"
    if access(beside, X_OK) == 0 { return beside }
    return try ProgramPath.find(name, in: path)
  }

  /// The folder of this binary.
  private static var ownFolder: String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard length > 0 else { return nil }
    let path = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.lastIndex(of: "/").map { String(path[..<$0]) }
  }
}
