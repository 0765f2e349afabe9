import JobRuntime

/// What a source's text was when its rollups were calculated: what is not touched since it was changed stays as the old one had it.
extension Work {
  /// What to know of a source that has another text now; nothing for a run that calculates all of its rollups again.
  func textChanged(_ known: Known) -> String? {
    let position = known.position
    guard let old = position.calculatedBy, old != position.version, settings.mode != .rebuild || !range.isWhole else {
      return nil
    }
    return
      "\(known.source.file.place) has changed since the rollups of \(known.source.name) were calculated, and those of the past are still by the old text: run ROLLUPS_MODE=rebuild ROLLUPS_SOURCES=\(known.source.name)"
  }
}
