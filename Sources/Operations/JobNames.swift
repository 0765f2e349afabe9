import CBuild

/// The names of the jobs in this package: for shell completion, and to find what a misspelt name may have meant.
///
/// Querying the ledger would keep a shell waiting, and a new ledger has no names.
package enum JobNames {
  package static let all = String(cString: oneshot_job_names()).split(separator: ",").map(String.init)
}
