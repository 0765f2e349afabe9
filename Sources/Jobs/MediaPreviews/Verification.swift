import Glibc
import JobRuntime
import Postgres

/// The mode that looks whether each preview is there and plays, and removes those of older versions and other specs.
struct Verification: Sendable {
  let making: Making
  let queue: Queue

  func work(_ run: JobRun) async throws -> MediaPreviews.Report {
    var report = MediaPreviews.Report()
    var place = Queue.Place.start
    while let found = place {
      try Task.checkCancellation()
      let items = try await queue.page(.verify, after: found, run)
      if report.due == 0, !items.isEmpty { try await making.programs.prove() }
      let missing = try await run.inLanes(making.settings.parallel, over: items) { item, run in
        try Task.checkCancellation()
        guard let reason = try await complaint(about: item) else { return false }
        return try await record(reason, item, run)
      }
      report.due += items.count
      report.missing += missing.count { $0 }
      try run.checkpoint(report)
      run.log.progress("previews", report.due)
      place = queue.next(items)
    }
    report.removed = try await removeOthers(run)
    return report
  }

  /// What is wrong with the preview of a row; `nil` where it plays.
  private func complaint(about item: Item) async throws -> String? {
    guard let target = item.target else { return "it has no name" }
    let file: OpenFile
    do { file = try making.targets.file(target) } catch {
      switch error {
      case .outside, .notRegular, .system(SystemError(ENOENT)): return "it is not there"
      case .system(let error):
        throw JobFailure(
          .internal, "\(making.targets.path)/\(target) could not be opened: \(error)",
          hint: "Look at the volume of PREVIEWS_TARGET_DIR.")
      }
    }
    switch try await making.probe(file, formats: ["mov", "mp3"]) {
    case .well(let output, _):
      let probe = Probe(flat: output)
      return (item.kind == .video ? probe.picture == nil : probe.sound == nil) ? "it does not play" : nil
    case .refused(let errors): return "it does not play: \(Programs.lastLine(errors))"
    case .failed(.crashed, let message): return "it does not play: \(message)"
    case .failed(_, let message):
      throw JobFailure(.internal, "\(target) could not be verified: \(message)", hint: "Run the verification again.")
    }
  }

  private func record(_ reason: String, _ item: Item, _ run: JobRun) async throws -> Bool {
    let statement = try Self.missing(item, reason, at: run.scheduledAt)
    run.log.warning("a preview is missing", ["item": .string(item.name), "reason": .string(reason)])
    return try await run.transaction { tx in try !tx.query(statement).isEmpty }
  }

  static func missing(_ item: Item, _ reason: String, at moment: Timestamp) throws -> Statement {
    try Statement(
      file: "record_missing.sql", PackageResources.record_missing_sql,
      binding: item.key.merging(["target": item.target, "reason": "its preview: \(reason)", "moment": moment]) { $1 })
  }

  // MARK: Files of older versions

  /// Removes files that are previews of assets in the table, and not those that their rows name.
  ///
  /// Others are not touched: they may be another installation's.
  private func removeOthers(_ run: JobRun) async throws -> Int {
    // A younger one may be about to get its row.
    let oldest = Int((run.startedAt - .hours(1)).microseconds / 1_000_000)
    var removed = 0
    for number in 0..<256 {
      try Task.checkCancellation()
      let name = (number < 16 ? "0" : "") + String(number, radix: 16)
      guard let folder = making.targets.existing(name) else { continue }
      let entries = try Self.entries(folder).filter { $0.changedAt < oldest }
      let files = entries.compactMap { PreviewName($0.name) }
      for start in stride(from: 0, to: files.count, by: Queue.pageSize) {
        let some = Array(files[start..<min(start + Queue.pageSize, files.count)])
        let statement = try queue.known(some.map(\.asset))
        // While no newer run can start: an older version may come back, and its name with it.
        removed += try await run.transaction { tx in
          var known: [String: String] = [:]
          for row in try tx.query(statement) {
            let (asset, kind): (String, String) = (try row.value("asset_id"), try row.value("kind"))
            known["\(kind)/\(asset)"] = try row.optional("target") ?? ""
          }
          let others = some.filter { file in
            known["\(file.kind)/\(file.asset)"].map { $0 != "\(name)/\(file.name)" } ?? false
          }
          for file in others { try? folder.remove(file.name) }
          return others.count
        }
      }
    }
    return removed
  }

  private static func entries(_ folder: Folder) throws -> [(name: String, changedAt: Int)] {
    do { return try folder.entries() } catch {
      throw JobFailure(
        .internal, "\(folder.path) could not be read: \(error)", hint: "Look at the volume of PREVIEWS_TARGET_DIR.")
    }
  }
}

/// A file's name, read back: asset, kind and digest.
struct PreviewName: Sendable, Equatable {
  var name: String
  var asset: String
  var kind: String

  /// - Returns: `nil` for any name that is not a preview's.
  init?(_ name: String) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, let kind = Kind(rawValue: parts[1]), parts[3] == kind.ending, parts[2].utf8.count == 8,
      let asset = Self.asset(parts[0]), Spec.fileName(of: asset) == parts[0]
    else { return nil }
    (self.name, self.asset, self.kind) = (name, asset, kind.rawValue)
  }

  private static func asset(_ text: String) -> String? {
    var (bytes, rest) = ([UInt8](), Array(text.utf8)[...])
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
  }
}
