import JobRuntime

extension MetricsRollups {
  /// What a run counted.
  struct Report: JobReport {
    /// Hours in which events were added, changed or deleted.
    var touchedHours = 0
    /// Rows of the sources that were new.
    var noticed = 0
    /// Rows of the sources that hours were calculated from.
    var events = 0
    /// Buckets that were calculated.
    var hours = 0
    var days = 0
    var weeks = 0
    var months = 0
    /// Rows of rollups.
    var inserted = 0
    var updated = 0
    var deleted = 0
    /// Days that have rollups and no rows any more: those that were kept, or in a plan those that a run would keep or
    /// remove.
    var emptiedDays = 0
    /// Buckets that could not be calculated, events that came too late, and days that were kept without rows.
    var failed = 0
    /// Buckets that are still queued, of all levels; and how many of them are of this run's levels.
    var queued = 0
    var behind = 0
    /// Rows that were older than their time to be kept.
    var rawRemoved = 0
    var rollupsRemoved = 0
    /// By a verification: windows that were compared (of hours a day each), rows that differ, and buckets that the next run
    /// will calculate anyway.
    var compared = 0
    var differences = 0
    var pending = 0

    var itemsProcessed: Int { hours + days + weeks + months + compared }

    var exceedsBudget: Bool { differences > 0 }

    mutating func add(_ step: Recalculation.Step, of granularity: Granularity) {
      switch granularity {
      case .hourly:
        hours += step.buckets.count
        events += step.records
      case .daily: days += step.buckets.count
      case .weekly: weeks += step.buckets.count
      case .monthly: months += step.buckets.count
      }
      inserted += step.inserted
      updated += step.updated
      deleted += step.deleted
      emptiedDays += step.kept.count
      failed += step.failures.count + step.kept.count
    }
  }
}
