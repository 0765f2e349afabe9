import JobRuntime

/// The folders of a run.
struct Workplace: Sendable {
  let sources: Folder
  let targets: Folder
  /// On the file system of the previews, so that a preview gets its name in one step.
  let work: Folder

  /// - Throws: which folder cannot be used, and why.
  init(_ settings: MediaPreviews.Settings) throws(JobFailure) {
    sources = try Self.folder(settings.sourceFolder, "PREVIEWS_SOURCE_DIR")
    targets = try Self.folder(settings.targetFolder, "PREVIEWS_TARGET_DIR")
    do { work = try targets.subfolder(".tmp", mode: 0o700) } catch {
      throw JobFailure(
        error.isFullDisk ? .internal : .misconfigured,
        "the folder .tmp could not be made in \(settings.targetFolder), which PREVIEWS_TARGET_DIR names: \(error)",
        hint: error.isFullDisk ? "Make room." : "Let the user of this job write there.")
    }
  }

  static func folder(_ path: String, _ setting: String) throws(JobFailure) -> Folder {
    do { return try Folder(path) } catch {
      throw JobFailure(
        .misconfigured, "\(path), which \(setting) names, could not be opened: \(error)",
        hint: "Mount the volume there, or correct \(setting).")
    }
  }

  /// Removes what killed runs have left.
  ///
  /// Nobody works on a preview for an hour.
  func sweep(at moment: Timestamp) {
    let oldest = Int((moment - .hours(1)).microseconds / 1_000_000)
    for (name, changedAt) in (try? work.entries()) ?? [] where changedAt < oldest {
      try? work.existing(name)?.remove(Command.output)
      work.removeFolder(name)
      // One that should have had no name.
      try? work.removeFile(name)
    }
  }
}
