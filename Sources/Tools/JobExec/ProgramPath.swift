import Glibc
import JobRuntime

/// Finds a program as a shell does.
enum ProgramPath {
  private static let usual = "/usr/local/bin:/usr/bin:/bin"

  /// - Parameter path: folders with colons (`PATH`); those of most systems where it is not set.
  static func find(_ word: String, in path: String?) throws(JobFailure) -> String {
    let folders = path.flatMap { $0.isEmpty ? nil : $0 } ?? usual
    let places =
      word.utf8.contains(UInt8(ascii: "/"))
      ? [word]
      : folders.split(separator: ":", omittingEmptySubsequences: false).map { "\($0.isEmpty ? "." : $0)/\(word)" }
    let files = places.filter { isFile($0) }
    if let found = files.first(where: { access($0, X_OK) == 0 }) { return found }
    if let file = files.first {
      throw JobFailure(
        .misconfigured, "the program \(file) may not be executed by this user",
        hint: "chmod +x \(file), or run it by its interpreter: -- sh \(file)")
    }
    throw JobFailure(
      .misconfigured, "there is no program \(word)" + (places.count > 1 ? " in PATH (\(folders))" : ""),
      hint: "Words behind -- are a program and its arguments. For a line of shell write: -- sh -c '…'")
  }

  private static func isFile(_ path: String) -> Bool {
    var facts = stat()
    return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
  }
}
