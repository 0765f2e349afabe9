import JobRuntime
import Postgres

extension FraudDetection {
  struct Report: JobReport {
    /// Entries that were checked.
    var entries = 0
    /// Of these, how many have no state but clear.
    var clear = 0
    /// Entries that have become suspect, held, or clear again.
    var suspect = 0
    var held = 0
    var cleared = 0
    /// Addresses that could not be read, and those of private networks: the application has stored its proxy's.
    var unreadable = 0
    var proxied = 0
    /// Checks of `FRAUD_CHECKS_DIR` that failed.
    var failed = 0
    /// Entries whose facts and signals were older than `FRAUD_KEEP`.
    var forgotten = 0
    /// Signals that a verification has found to be others; only there.
    var differences: Int?

    /// How many of the checked entries each check has found something of.
    var byCheck: [String: Int] = [:]
    /// Columns that the entries do not have, whose checks are off.
    var skippedColumns: [String] = []
    var warnings: [String]?

    var itemsProcessed: Int { entries }
    var exceedsBudget: Bool { (differences ?? 0) > 0 }

    /// Adds what the rows of a page have said.
    mutating func addRows(_ row: Row) throws {
      unreadable += try row.value("unreadable")
      proxied += try row.value("proxied")
    }

    /// Adds what was found of a page.
    ///
    /// - Parameter signs: a row for each check.
    mutating func add(_ row: Row, _ signs: Rows) throws {
      entries += try row.value("checked")
      clear += try row.value("clear")
      suspect += try row.value("suspect")
      held += try row.value("held")
      cleared += try row.value("cleared")
      for sign in signs { byCheck[try sign.value("check_name"), default: 0] += try sign.value("entries") }
    }
  }
}
