import Glibc

/// The second copy of the result, for Kubernetes' termination message or a file of the user's choice.
enum ResultFile {
  /// Kubernetes reads at most this much of a termination message, in bytes.
  static let limit = 4096
  private static let kubernetesPath = "/dev/termination-log"

  /// Writes the copy where it is wanted.
  ///
  /// - Parameter path: the setting; without it Kubernetes' own place, where that exists.
  /// - Returns: what went wrong, for the log. The run's outcome does not depend on it.
  static func write(_ result: JSON, to path: String?) -> String? {
    guard let target = path ?? (access(kubernetesPath, W_OK) == 0 ? kubernetesPath : nil) else { return nil }
    do {
      try SmallFile.write(result.text, to: target)
      return nil
    } catch {
      return "\(target): \(error)"
    }
  }
}
