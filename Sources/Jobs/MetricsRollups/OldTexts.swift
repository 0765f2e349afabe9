import JobRuntime

/// The text of a source when its rollups were calculated: rollups that were not touched since it changed are still by
/// the old text.
extension RollupPass {
  /// The warning about a source that has another text now; `nil` for a run that calculates all of its rollups again.
  func textChanged(_ known: SourceState) -> String? {
    let position = known.position
    guard let old = position.calculatedBy, old != position.version, settings.mode != .rebuild || !range.isWhole else {
      return nil
    }
    return
      "\(known.source.file.place) has changed since the rollups of \(known.source.name) were calculated, and those of the past are still by the old text: run ROLLUPS_MODE=rebuild ROLLUPS_SOURCES=\(known.source.name)"
  }
}
