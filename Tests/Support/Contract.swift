import JobRuntime

extension Binary.Outcome {
  /// What of the contract this breaks: the exit code, one line, and that both say the same.
  package var contractBreach: String? {
    let status = result["status"].string ?? "none"
    let kind = result["error", "kind"].string.flatMap(FailureKind.init)
    let codes: [Int32] =
      switch status {
      case "succeeded", "skipped": [0]
      case "partial": [65]
      case "failed": kind.map { [$0.exitCode] } ?? []
      case "interrupted": [143, 130]
      default: []
      }
    guard codes.contains(exitCode), result["exit_code"].int == Int(exitCode) else {
      return "exit code \(exitCode), stdout «\(output)», stderr «\(errors)»"
    }
    return nil
  }

  /// Whether something was tried again, by the log.
  package var wasRetried: Bool { errors.contains("trying again") }
}
