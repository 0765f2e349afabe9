import Glibc
import JobRuntime

/// Makes previews, outside of any transaction: from a file below one folder to a file below another, or by addresses.
struct Making: Sendable {
  let settings: MediaPreviews.Settings
  let programs: Programs
  let sources: Folder
  let targets: Folder
  /// What is being written; no name in it is a preview's.
  let work: Folder
  let run: JobRun
  let proven = Proven()

  /// - Returns: the preview, and how many seconds ffmpeg has worked.
  func make(_ item: Item) async throws -> (preview: Preview, seconds: Double) {
    let spec = settings.spec(item.kind)
    // For objects, too: an id of any length does not fit into the indexes of events and dead letters.
    guard let name = spec.target(of: item.asset, tag: item.tag) else {
      throw Unmade.impossible("its asset_id is too long for the name of a file")
    }
    let target: String
    switch item.destination {
    case .file: target = name
    case .address(let address): target = address.shown
    case .unusable: throw Unmade.impossible("its upload_to is no address by https without a login")
    }
    let source = try await open(item)
    run.log.debug("opened the source", ["item": .string(item.name)])
    let probe = try await judged(source, spec.kind)
    let wanted = Double(spec.seconds)
    let start = spec.from.seconds(in: probe.length, for: wanted)
    let length = probe.length.map { min(wanted, max(0, $0 - start)) }
    let command = Command(spec: spec, start: start, length: length ?? wanted, formats: settings.formats)

    let place = try await workplace()
    defer { clear(place) }
    let begun = ContinuousClock.now
    let end = try await programs.run(
      programs.ffmpeg, command.arguments, on: source, in: place.folder.path, within: settings.itemTimeout,
      largestFile: (16 + 2 * spec.seconds) << 20)
    let seconds = (ContinuousClock.now - begun) / .seconds(1)
    run.log.debug("ffmpeg has ended", ["item": .string(item.name)])
    let errors: String
    switch end {
    case .well(_, let said): errors = said
    case .refused(let said):
      try await checkRoom(said)
      try await prove(spec)
      throw Unmade.impossible("ffmpeg cannot read it: \(Programs.lastLine(said))")
    case .failed(let kind, let message): throw Unmade.failed(kind, message)
    }
    let (file, preview) = try await checked(place.folder, target, spec, probe, length, errors)
    run.log.debug("checked the preview", ["item": .string(item.name)])
    if case .address(let address) = item.destination {
      try await transfers.store(file, size: preview.bytes, item.kind, at: address)
      run.log.debug("stored the preview", ["item": .string(item.name)])
      return (preview, seconds)
    }
    try await targets.onDisk { () throws(SystemError) in
      guard fchmod(file.number, 0o644) == 0, fsync(file.number) == 0 else { throw SystemError() }
      let parts = target.split(separator: "/").map(String.init)
      try place.folder.move(Command.output, to: targets.subfolder(parts[0]), as: parts[1])
    }
    run.log.debug("named the preview", ["item": .string(item.name)])
    return (preview, seconds)
  }

  /// An empty folder for one file that is being written.
  func workplace() async throws -> (name: String, folder: Folder) {
    let name = "\(run.id)-\(UInt32.random(in: .min ... .max))"
    return (name, try await work.onDisk { () throws(SystemError) in try work.subfolder(name, mode: 0o700) })
  }

  func clear(_ place: (name: String, folder: Folder)) {
    try? place.folder.remove(Command.output)
    work.removeFolder(place.name)
  }

  // MARK: The source

  private var transfers: Transfers { Transfers(settings: settings, run: run) }

  private func open(_ item: Item) async throws -> OpenFile {
    let file: OpenFile
    switch item.source {
    case .path(let path): file = try self.file(path)
    case .address(let address): file = try await transfers.fetch(address, in: work)
    case .unusable: throw Unmade.impossible("its source is no address by https without a login")
    }
    let size: Int
    do { size = Int(try file.facts().st_size) } catch {
      throw Unmade.failed(.unreadable, "\(item.source.shown): \(error)")
    }
    if size == 0 { throw Unmade.impossible("it is empty") }
    if size > settings.largestSource { throw Unmade.impossible("it is larger than PREVIEWS_MAX_SOURCE") }
    return file
  }

  private func file(_ path: String) throws -> OpenFile {
    do { return try sources.file(path) } catch {
      switch error {
      case .outside: throw Unmade.impossible("its path leads out of the folder of sources, or through a link")
      case .notRegular: throw Unmade.impossible("it is not a regular file")
      case .system(let error): throw Unmade.failed(.unreadable, "\(path): \(error)")
      }
    }
  }

  /// What the source is; thrown as impossible where it cannot have a preview of that kind.
  private func judged(_ source: OpenFile, _ kind: Kind) async throws -> Probe {
    let probe: Probe
    switch try await self.probe(source, formats: settings.formats) {
    case .well(let output, _): probe = Probe(flat: output)
    case .refused(let errors):
      try await prove(settings.spec(kind))
      throw Unmade.impossible(Self.reason(errors, source.beginning(12)))
    case .failed(let kind, let message): throw Unmade.failed(kind, message)
    }
    switch kind {
    case .video:
      guard let picture = probe.picture else { throw Unmade.impossible("no picture") }
      if picture.width.multipliedReportingOverflow(by: picture.height).partialValue > Command.mostPixels {
        throw Unmade.impossible("its picture of \(picture.width) × \(picture.height) is larger than 40 megapixels")
      }
    case .audio: if probe.sound == nil { throw Unmade.impossible("no sound") }
    }
    return probe
  }

  /// Empty files, noise and texts give the same message as a film that is cut off.
  static func reason(_ errors: String, _ beginning: [UInt8]) -> String {
    if errors.hasPart("moov atom not found"), beginning.dropFirst(4).prefix(4).elementsEqual("ftyp".utf8) {
      return "cut off"
    }
    if errors.hasPart("whitelist") { return "its format is not in PREVIEWS_FORMATS" }
    return "it is neither film nor sound: \(Programs.lastLine(errors))"
  }

  func probe(_ file: OpenFile, formats: [String]) async throws -> Programs.End {
    try await programs.probe(Command.input(formats) + Probe.arguments + [Programs.source], on: file)
  }

  // MARK: The result

  /// Looks whether the preview is what was requested: ffmpeg also ends with 0 when the disk is full.
  private func checked(
    _ place: Folder, _ target: String, _ spec: Spec, _ source: Probe, _ length: Double?, _ errors: String
  ) async throws -> (OpenFile, Preview) {
    let file: OpenFile
    let size: Int
    do {
      file = try place.file(Command.output)
      size = Int(try file.facts().st_size)
    } catch { throw try await unmade("there is no file", errors) }
    let result: Probe
    switch try await probe(file, formats: ["mov", "mp3"]) {
    case .well(let output, _): result = Probe(flat: output)
    case .refused(let said): throw try await unmade(Programs.lastLine(said), errors)
    case .failed(let kind, let message): throw Unmade.failed(kind, message)
    }
    if let complaint = spec.complaint(about: result) { throw try await unmade(complaint, errors) }
    let lasts = result.length ?? 0
    let lacksSound = spec.kind == .video && source.sound != nil && result.sound == nil
    return (
      file,
      Preview(
        target: target, bytes: size, width: result.picture?.width, height: result.picture?.height,
        milliseconds: Int((lasts * 1000).rounded()), isDamaged: lacksSound || length.map { lasts < $0 - 0.5 } ?? false)
    )
  }

  private func unmade(_ complaint: String, _ errors: String) async throws -> Unmade {
    try await checkRoom(errors)
    if Programs.lacksMemory(errors) { return .failed(.memory, "PREVIEWS_MEMORY was not enough for \(programs.ffmpeg)") }
    if errors.hasPart("Output file is empty") || errors.hasPart("does not contain any stream") {
      return .impossible("nothing in it could be decoded")
    }
    return .failed(.badResult, "what ffmpeg wrote is not a preview: \(complaint)")
  }

  /// - Throws: that the disk is full, if ffmpeg says so and it is true: a source could else end each run.
  func checkRoom(_ said: String) async throws {
    guard Programs.saysFullDisk(said) else { return }
    let hasRoom = try await work.onDisk { () throws(SystemError) in try work.hasRoom() }
    throw hasRoom ? Unmade.failed(.badResult, "ffmpeg found no room on the disk; there is some by now") : .fullDisk
  }
}

extension Spec {
  /// What is wrong with a preview; `nil` where it is what was requested.
  fileprivate func complaint(about result: Probe) -> String? {
    switch kind {
    case .video:
      guard let picture = result.picture, result.pictures == 1, picture.codec == "h264" else {
        return "it does not have exactly one video stream"
      }
      guard max(picture.width, picture.height) <= box, picture.width > 1, picture.height > 1 else {
        return "its picture is \(picture.width) × \(picture.height)"
      }
      guard result.sounds <= 1, result.sound.map({ $0 == "aac" }) ?? true else {
        return "its sound is not as requested"
      }
    case .audio:
      guard result.sounds == 1, result.sound == "mp3", result.pictures == 0 else {
        return "it does not have exactly one audio stream"
      }
    }
    guard let length = result.length, length > 0, length <= Double(seconds) + 1 else {
      return "it lasts \(result.length.map { "\($0)" } ?? "unknown") seconds"
    }
    return nil
  }
}
