import CBuild

/// The names of the jobs that this package has. A shell offers them; asking the ledger would keep it waiting.
enum JobNames {
  static let all = String(cString: oneshot_job_names()).split(separator: ",").map(String.init)
}
