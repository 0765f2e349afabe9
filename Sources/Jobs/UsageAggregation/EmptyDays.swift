import JobRuntime
import Postgres

/// Days for which Redis has nothing: no counter, and no rejected item.
extension UsageAggregation {
  /// Checks with one query whether Redis has lost counters of these days.
  ///
  /// A transaction is begun only where there is something to write.
  func passOver(_ days: [PlannedDay], _ run: JobRun) async throws -> [WrittenDay] {
    guard !days.isEmpty else { return [] }
    let lost = try await lostRows(of: days, run)
    let passed = days.map { day in
      var report = DayReport(day: day.date.description)
      if !day.isExpiring { report.lostRows = lost[day.date] ?? 0 }
      return (day, WrittenDay(report: report))
    }
    // Reported once: what is gone does not come back by being read again.
    let noted = days.filter { $0.completedKeys != nil && lost[$0.date] != nil }
    let notes =
      run.isDryRun || settings.merchant != nil
      ? [] : try noted.map { try Statements.noteReading(of: $0.date, settings, run) }
    let failures = passed.compactMap { day, written in
      settings.onRegression == .fail && written.report.lostRows > 0
        ? lostCounters(of: day.date, rows: written.report.lostRows, run) : nil
    }
    if !notes.isEmpty || !failures.isEmpty {
      try await run.transaction { tx in
        try tx.pipeline(notes)
        try tx.reject(failures)
      }
    }
    for (day, written) in passed where written.report.lostRows > 0 {
      warnOfLoss(of: day.date, rows: written.report.lostRows, run)
    }
    return passed.map(\.1)
  }

  /// For each of these days, how many rows have no counter any more; a day without rows is left out.
  private func lostRows(of days: [PlannedDay], _ run: JobRun) async throws -> [CalendarDay: Int] {
    guard settings.target == nil else {
      // For a user's own table, losses are only known from the count when the day was completed.
      return days.reduce(into: [:]) { $0[$1.date] = settings.merchant == nil ? $1.knownKeys ?? 0 : 0 }
    }
    let rows = try await run.read(Statements.lostRows(days, settings, run))
    return try rows.reduce(into: [:]) { lost, row in
      lost[try row.value("day", as: CalendarDay.self)] = try row.value("lost", as: Int.self)
    }
  }
}
