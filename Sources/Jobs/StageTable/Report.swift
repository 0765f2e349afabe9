import JobRuntime

extension StageTable {
  struct Report: JobReport {
    /// Rows of the stream that the table's types take.
    var rows = 0
    var inserted = 0
    var updated = 0
    var deleted = 0
    var unchanged = 0
    /// Rows that became dead letters.
    var failed = 0
    /// Bytes of the stream.
    var bytes = 0

    var itemsProcessed: Int { rows + failed }
  }
}
