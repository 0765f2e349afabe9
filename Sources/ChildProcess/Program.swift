/// A program to run as a child: what it is, what it gets, and how long it may take.
///
/// No shell reads any of it.
public struct Program: Sendable {
  /// The file; `ProgramPath` finds it.
  public var path: String
  /// All words of the command line; the first is what the program takes for its name.
  public var arguments: [String]
  /// All of it: the program gets no other variable.
  public var environment: [String: String]
  /// Where it works; `nil` for the folder of this process.
  public var folder: String?
  /// Descriptors of this process that the program gets, by their numbers in the program (below ten).
  ///
  /// They stay open in this process.
  public var lent: [Int32: Int32] = [:]
  /// The program's descriptors that this process reads.
  ///
  /// Those of 0 to 2 that are neither read nor lent are `/dev/null`; all others are closed.
  public var read: [Int32] = [1, 2]
  /// How long it may run before it is stopped.
  public var timeLimit: Duration?
  /// How long it and its process group may take to end after SIGTERM; then they are killed.
  public var grace: Duration = .seconds(2)
  /// Whether orphaned processes are reaped too while it runs, as the first process of a container has to.
  ///
  /// Only for a process that has no other children.
  public var reapsOrphans = false

  /// Describes the program; nothing is started yet.
  ///
  /// - Parameters:
  ///   - path: the file; see `ProgramPath`.
  ///   - arguments: all words, the program's own name first.
  ///   - environment: all variables of the program; it inherits none.
  public init(path: String, arguments: [String], environment: [String: String]) {
    (self.path, self.arguments, self.environment) = (path, arguments, environment)
  }
}

/// How a program ended.
public struct ProgramEnd: Sendable {
  /// What ended it.
  public enum Kind: Sendable, Equatable {
    case exited(Int32)
    /// With the number of the signal.
    case killed(Int32)
    /// With the `errno` of what could not be done.
    case notStarted(Int32)
  }

  /// Why a program was stopped before it ended by itself.
  public enum StopReason: Sendable {
    case requested, timeLimit
    /// Its reader wants no more output.
    case unread
  }

  /// What ended it; a program that was stopped may still have exited by itself.
  public var kind: Kind
  /// Why it was stopped; `nil` for one that ended by itself.
  public var stopped: StopReason?
  /// Whether a process that the program started has left its process group and held a descriptor open after the end:
  /// there may have been more to read.
  public var isOutputHeld = false
  /// What it and its own children used of the processors, in all.
  public var cpuTime = Duration.zero
  /// The most memory that one of its processes had in use, in bytes.
  public var peakMemory = 0

  package init(_ kind: Kind) { self.kind = kind }

  /// Whether all went well: it ended by itself with 0, and all of its output was read.
  public var isSuccess: Bool { kind == .exited(0) && stopped == nil && !isOutputHeld }
}
