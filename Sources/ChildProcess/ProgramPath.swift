import Glibc

/// Finds a program as a shell does.
public enum ProgramPath {
  private static let usual = "/usr/local/bin:/usr/bin:/bin"

  /// Why there is no program to start.
  public enum Problem: Error, Equatable, CustomStringConvertible {
    /// The folders that were searched; `nil` for a word that is a path.
    case missing(String, in: String?)
    case notExecutable(file: String)

    /// The rest of a sentence that names the program, the folders that were searched, or the file.
    public var description: String {
      switch self {
      case .missing(let word, let folders): "there is no program \(word)" + (folders.map { " in PATH (\($0))" } ?? "")
      case .notExecutable(let file): "the program \(file) may not be executed by this user"
      }
    }
  }

  /// - Parameter path: folders with colons (`PATH`); those of most systems where it is not set.
  public static func find(_ word: String, in path: String?) throws(Problem) -> String {
    let folders = path.flatMap { $0.isEmpty ? nil : $0 } ?? usual
    let isPath = word.utf8.contains(UInt8(ascii: "/"))
    let places =
      isPath
      ? [word]
      : folders.split(separator: ":", omittingEmptySubsequences: false).map { "\($0.isEmpty ? "." : $0)/\(word)" }
    let files = places.filter { isFile($0) }
    if let found = files.first(where: { access($0, X_OK) == 0 }) { return found }
    if let file = files.first { throw .notExecutable(file: file) }
    throw .missing(word, in: isPath ? nil : folders)
  }

  private static func isFile(_ path: String) -> Bool {
    var facts = stat()
    return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
  }
}
