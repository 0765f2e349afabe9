import JobRuntime

extension LetterKind {
  static let checkFailed = LetterKind(
    "check_failed",
    cause: "A check of `FRAUD_CHECKS_DIR` failed or took longer than `FRAUD_CHECK_TIMEOUT`; its old signals stay.",
    remedy:
      "Correct the file, then run once with `FRAUD_MODE=recheck`: the check has not seen the entries of the run that failed."
  )
}
