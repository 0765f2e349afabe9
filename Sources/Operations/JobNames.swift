import CBuild

/// The names of the jobs that this package has: what a shell offers, and what a misspelt name may have meant. Asking the
/// ledger would keep a shell waiting, and a ledger that is new knows none.
package enum JobNames {
  package static let all = String(cString: oneshot_job_names()).split(separator: ",").map(String.init)
}
