import JobRuntime

extension MediaPreviews {
  struct Report: JobReport {
    /// Rows that were looked at.
    var due = 0
    var made = 0
    /// Those of the made ones that are shorter than they should be, or lack the sound.
    var damaged = 0
    var impossible = 0
    /// Dead letters, but for those of time.
    var failed = 0
    var timedOut = 0
    /// Rows whose source has changed while the preview was being made: they are due again.
    var skippedChanged = 0
    /// Previews that a verification did not find, or that do not play; they are due again.
    var missing = 0
    /// Files of older versions and other specs that a verification has removed.
    var removed = 0
    /// Of the previews that were made.
    var bytes = 0
    /// Rows that are still due.
    var behind = 0
    /// That ffmpeg has worked.
    var ffmpegSeconds = 0.0

    var itemsProcessed: Int { due }

    mutating func add(_ other: Report) {
      due += other.due
      made += other.made
      damaged += other.damaged
      impossible += other.impossible
      failed += other.failed
      timedOut += other.timedOut
      skippedChanged += other.skippedChanged
      missing += other.missing
      removed += other.removed
      bytes += other.bytes
      ffmpegSeconds += other.ffmpegSeconds
    }
  }
}
