/// The words in front of a command line that leave a program as little as it needs.
///
/// Each of these tools of util-linux becomes the next one, so the program has the process that was started.
struct Sandbox: Sendable {
  enum Kind: String, CaseIterable, Sendable {
    /// No network, no rights, limits.
    case full
    /// The same with the network of the job.
    case limits
  }

  var kind: Kind
  /// The files of the tools; `unshare` is not needed for `limits`.
  var setpriv: String
  var prlimit: String
  var unshare: String
  /// In bytes.
  var memory: Int
  /// Of processor time, in seconds.
  var time: Int

  /// - Parameter largestFile: the most that it may write to a file, in bytes.
  func commandPrefix(largestFile: Int) -> [String] {
    let limits = [
      "--as=\(memory)", "--cpu=\(time)", "--fsize=\(largestFile)", "--nofile=64", "--core=0",
    ]
    let dropping = [setpriv, "--pdeathsig", "KILL", "--no-new-privs", prlimit] + limits
    return kind == .full ? dropping + [unshare, "-rn"] : dropping
  }
}
