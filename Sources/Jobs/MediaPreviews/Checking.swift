import ChildProcess
import JobRuntime

extension MediaPreviews: Checkable {
  /// Looks at the folders, runs both programs in the sandbox, and looks for the codecs.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    var problems: [JobFailure] = []
    do throws(JobFailure) { _ = try Workplace.folder(settings.sourceFolder, "PREVIEWS_SOURCE_DIR") } catch {
      problems.append(error)
    }
    do throws(JobFailure) {
      if try !Workplace.folder(settings.targetFolder, "PREVIEWS_TARGET_DIR").isWritable {
        problems.append(
          JobFailure(
            .misconfigured, "\(settings.targetFolder), which PREVIEWS_TARGET_DIR names, is not writable",
            hint: "Let the user of this job write there."))
      }
    } catch { problems.append(error) }
    do throws(JobFailure) { try Processing.checkTime(settings, run) } catch { problems.append(error) }
    do throws(JobFailure) { _ = try programs() } catch { return problems + [error] }
    do { try await programs().prove() } catch let problem as JobFailure { return problems + [problem] }
    return problems + (try await programs().missing(settings.formats))
  }

  /// The programs and the version of each.
  func programVersions(_ run: JobRun) async throws -> [String: String] {
    guard let programs = try? programs() else { return [:] }
    return try await programs.versions()
  }

  private func programs() throws(JobFailure) -> Programs { try Programs(settings, workingIn: "/") }
}

extension Programs {
  /// The encoders that previews are made with.
  private static let encoders = ["libx264", "aac", "libmp3lame"]

  /// Starts a program in the sandbox.
  ///
  /// - Throws: what keeps it from that, before a source is taken for broken.
  func prove() async throws {
    switch try await probe(["-version"]) {
    case .well: return
    case .failed(.timedOut, let errors):
      throw JobFailure(.internal, errors, hint: "Check whether this machine is overloaded. The next run does the work.")
    case .refused(let errors), .failed(_, let errors):
      throw JobFailure(
        .misconfigured, "\(ffprobe) does not run in its sandbox: \(errors)",
        hint: "Look at PREVIEWS_MEMORY and PREVIEWS_FFPROBE; --check tries it again.")
    }
  }

  /// What ffmpeg was built without.
  func missing(_ formats: [String]) async throws -> [JobFailure] {
    let (encoders, demuxers) = (try await list("-encoders"), try await list("-demuxers"))
    let lacking =
      Self.encoders.filter { !encoders.contains($0) }.map { "the encoder \($0)" }
      + formats.filter { !demuxers.contains($0) }.map { "the format \($0)" }
    guard !lacking.isEmpty else { return [] }
    return [
      JobFailure(
        .misconfigured, "\(ffmpeg) lacks \(lacking.joined(separator: ", "))",
        hint: "Install Debian's ffmpeg, or take the formats out of PREVIEWS_FORMATS.")
    ]
  }

  func versions() async throws -> [String: String] {
    var versions: [String: String] = [:]
    for (name, program) in [("ffmpeg", ffmpeg), ("ffprobe", ffprobe)] {
      guard case .well(let output, _) = try await run(program, ["-version"], within: .seconds(60)) else { continue }
      // "ffmpeg version 5.1.9-0+deb12u1 Copyright …"
      versions[name] = output.split(separator: " ").dropFirst(2).first.map(String.init)
    }
    return versions
  }

  /// The names in one of ffmpeg's tables: the second word of a line, which may be several separated by commas.
  private func list(_ table: String) async throws -> Set<String> {
    guard case .well(let output, _) = try await run(ffmpeg, ["-hide_banner", table], within: .seconds(60)) else {
      return []
    }
    return Set(
      output.split(whereSeparator: \.isNewline).flatMap { line in
        line.split(separator: " ").dropFirst().first?.split(separator: ",").map(String.init) ?? []
      })
  }
}
