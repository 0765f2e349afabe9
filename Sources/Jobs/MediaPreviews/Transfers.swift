import Glibc
import JobRuntime

/// Fetches sources from presigned addresses, and stores previews at them.
struct Transfers: Sendable {
  let settings: MediaPreviews.Settings
  let run: JobRun

  /// Fetches a source into a file that has no name: whatever ends the run, nothing of it is left.
  ///
  /// - Parameter folder: on a disk that has room for it.
  func fetch(_ address: Address, in folder: Folder) async throws -> OpenFile {
    let file = try await folder.onDisk { () throws(SystemError) in try folder.nameless() }
    let transfer = WebTransfer(.fetch(into: file.number, atMost: settings.largestSource), at: address.url)
    // Whatever is begun can be finished.
    try await carryOut(transfer, "fetching \(address.shown)", whileLeft: settings.reserve(transfers: 2))
    return try await folder.onDisk { () throws(SystemError) in try file.readOnly() }
  }

  /// Stores a preview.
  func store(_ file: OpenFile, size: Int, _ kind: Kind, at address: Address) async throws {
    let type = kind == .video ? "video/mp4" : "audio/mpeg"
    let transfer = WebTransfer(.store(from: file.number, size: size, type: type), at: address.url)
    try await carryOut(
      transfer, "storing the preview at \(address.shown)", whileLeft: settings.transferTime + .seconds(10))
  }

  /// What a server may get over by the next try.
  private struct Passing: Error, CustomStringConvertible {
    var description: String
  }

  private func carryOut(_ transfer: WebTransfer, _ what: String, whileLeft reserve: Duration) async throws {
    var transfer = transfer
    (transfer.settingForPrivate, transfer.authorities) = (settings.settingForPrivate, settings.authorities)
    guard let line = OutsideLine(of: run) else {
      throw Unmade.failed(.withoutClient, "\(what): the job \(WebDelivery.isMissing)")
    }
    let isStoring = if case .store = transfer.direction { true } else { false }
    do {
      try await run.retrying(what, isPassing: { $0 is Passing }, whileLeft: reserve) { [transfer] in
        try Self.judge(await line.transfer(transfer, within: settings.transferTime), what, isStoring: isStoring)
      }
    } catch let passing as Passing {
      throw Unmade.failed(.unreachable, passing.description)
    }
  }

  private static func judge(_ reply: WebReply, _ what: String, isStoring: Bool) throws {
    if Task.isCancelled { throw CancellationError() }
    if reply.isTooLarge { throw Unmade.impossible("it is larger than PREVIEWS_MAX_SOURCE") }
    if let error = reply.fileError.map({ SystemError($0) }) {
      if error.isFullDisk { throw Unmade.fullDisk }
      throw JobFailure(
        .internal, "\(what): its file could not be used: \(error)",
        hint: "Look at the volume of PREVIEWS_TARGET_DIR, where sources from addresses are kept for a while.")
    }
    guard let status = reply.status else {
      let reason = "\(what): \(reply.failure ?? "there was no answer")"
      if reply.fault == .authorities {
        throw JobFailure(.misconfigured, reason, hint: "PREVIEWS_CA_FILE names authorities in PEM form.")
      }
      if reply.isFinal { throw Unmade.failed(.unreachable, reason) }
      throw Passing(description: reason)
    }
    // With any other success, what has come is not the whole file.
    if status == 200 || isStoring && (201...204).contains(status) { return }
    let reason = "\(what): the server answered \(status)\(code(reply.body).map { " (\($0))" } ?? "")"
    switch status {
    case 404 where !isStoring, 410 where !isStoring: throw Unmade.failed(.unreadable, reason)
    // RFC 9110, 15.5.9; RFC 6585, 4.
    case 408, 429, 500...: throw Passing(description: reason)
    default: throw Unmade.failed(.refused, reason)
    }
  }

  /// The name of the error, as S3 and those like it answer: `<Code>AccessDenied</Code>`.
  ///
  /// The rest of their answers repeats
  /// signatures.
  static func code(_ body: [UInt8]) -> String? {
    let parts = String(decoding: body, as: UTF8.self).split(separator: "<Code>", omittingEmptySubsequences: false)
    guard parts.count > 1, let name = parts[1].split(separator: "<", omittingEmptySubsequences: false).first,
      (1...64).contains(name.utf8.count),
      name.utf8.allSatisfy({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) })
    else { return nil }
    return String(name)
  }
}
