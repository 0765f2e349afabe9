/// The second copy of the result, for Kubernetes' termination message or a file of the user's choice.
enum ResultFile {
  /// Kubernetes reads at most this much of a termination message, in bytes.
  static let limit = 4096
  /// Kubernetes' own place, which is there in a container of a pod.
  static let kubernetesPath = "/dev/termination-log"

  /// Writes the copy.
  ///
  /// - Returns: what went wrong, for the log. The run's outcome does not depend on it.
  static func write(_ result: JSON, to path: String) -> String? {
    do {
      try SmallFile.write(printable(result), to: path)
      return nil
    } catch {
      return "\(path): \(error)"
    }
  }
}
