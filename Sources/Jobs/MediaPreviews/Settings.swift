import JobRuntime

extension MediaPreviews {
  enum Mode: String, CaseIterable, Sendable { case pending, verify, rebuild }

  struct Settings: JobSettings {
    let sourceFolder: String
    let targetFolder: String
    let video: Spec
    let audio: Spec
    /// In bytes.
    let largestSource: Int
    let itemTimeout: Duration
    /// Of fetching a source, and of storing a preview.
    let transferTime: Duration
    /// The setting that would allow presigned addresses in private networks; `nil` where it does.
    let settingForPrivate: String?
    /// Authorities in PEM form, instead of the system's.
    let authorities: String?
    /// In bytes.
    let memory: Int
    let parallel: Int
    /// The demuxers that may be used.
    let formats: [String]
    let ffmpeg: String
    let ffprobe: String
    let mode: Mode
    let sandbox: Sandbox.Kind
    /// Where programs are looked for: the process's PATH.
    let path: String?

    init(from env: inout Environment) {
      sourceFolder = env.requiredPath(
        "PREVIEWS_SOURCE_DIR", help: "The folder of the sources: a volume, or a mounted bucket. It is only read.")
      targetFolder = env.requiredPath(
        "PREVIEWS_TARGET_DIR", help: "The folder that previews are written to, on one file system.")
      let videoSeconds = env.int(
        "PREVIEWS_VIDEO_SECONDS", default: 10, in: 1...600, help: "The longest preview of a film, in seconds.")
      let audioSeconds = env.int(
        "PREVIEWS_AUDIO_SECONDS", default: 30, in: 1...600, help: "The longest preview of sound, in seconds.")
      let usual = ("0s", Beginning.after(.zero))
      let (fromText, from) =
        env.custom(
          "PREVIEWS_FROM", form: "duration or percentage", default: usual.0,
          help:
            "Where a preview begins: 30s, or 10% of the length; a film that would end before its preview begins at 0.",
          parse: Self.beginning) ?? usual
      let box = env.int(
        "PREVIEWS_BOX", default: 640, in: 16...3840,
        help: "The longest side of a film's preview, in pixels; none is larger than its source.")
      func spec(_ kind: Kind, _ seconds: Int) -> Spec {
        Spec(kind: kind, seconds: seconds, from: from, fromText: fromText, box: box)
      }
      (video, audio) = (spec(.video, videoSeconds), spec(.audio, audioSeconds))
      largestSource = env.size(
        "PREVIEWS_MAX_SOURCE", default: 4 << 30, in: 1...(1 << 50),
        help: "The largest source that gets a preview, in bytes (500MiB, 4GiB); pictures may have 40 megapixels.")
      itemTimeout = env.duration(
        "PREVIEWS_ITEM_TIMEOUT", default: .seconds(120), in: .seconds(1) ... .minutes(30),
        help: "The longest that ffmpeg may work on one preview.")
      transferTime = env.duration(
        "PREVIEWS_TRANSFER_TIMEOUT", default: .seconds(30), in: .seconds(1) ... .minutes(30),
        help: "The longest that fetching a source from a presigned address may take, and storing a preview.")
      let allowsPrivate = env.bool(
        "PREVIEWS_PRIVATE", default: false,
        help: "Allows presigned addresses on this machine and in private networks.")
      settingForPrivate = allowsPrivate ? nil : "PREVIEWS_PRIVATE"
      authorities = env.optionalPath(
        "PREVIEWS_CA_FILE",
        help: "Authorities in PEM form that certificates of presigned addresses are signed by, instead of the system's."
      )
      memory = env.size(
        "PREVIEWS_MEMORY", default: 1 << 30, in: (64 << 20)...(1 << 40),
        help: "The address space of ffmpeg (RLIMIT_AS); 500MiB are enough for films in 4K.")
      parallel = env.int(
        "PREVIEWS_PARALLEL", default: 1, in: 1...64, help: "Previews that are made at once; each takes one processor.")
      formats =
        env.custom(
          "PREVIEWS_FORMATS", form: "names separated by commas", default: Self.usualFormats,
          help: "The formats that ffmpeg may read, by the names of its demuxers; no others are opened.",
          parse: Self.names) ?? Self.usualFormats.split(separator: ",").map(String.init)
      ffmpeg = env.optionalPath("PREVIEWS_FFMPEG", help: "The program ffmpeg; without it the one in PATH.") ?? "ffmpeg"
      ffprobe =
        env.optionalPath("PREVIEWS_FFPROBE", help: "The program ffprobe; without it the one in PATH.") ?? "ffprobe"
      mode = env.choice(
        "PREVIEWS_MODE", default: .pending,
        help:
          "pending: what is due; verify: checks that each preview is there and plays; rebuild: makes those of another spec again.",
        selects: .work)
      sandbox = env.choice(
        "PREVIEWS_SANDBOX", default: .full,
        help:
          "full: ffmpeg has no network; limits: where the system forbids user namespaces, and a NetworkPolicy keeps the job in."
      )
      path = env.forPrograms()["PATH"]
      env.reserveForInstallers("PREVIEWS_SANDBOX", "PREVIEWS_PRIVATE")
    }

    /// How long ffprobe may look at a file.
    var probeTime: Duration { max(.seconds(10), itemTimeout / 4) }

    func spec(_ kind: Kind) -> Spec { kind == .video ? video : audio }

    /// The longest that one preview may take: with both probes, and the end of the run.
    func reserve(transfers: Int) -> Duration {
      itemTimeout + probeTime * 2 + transferTime * transfers + .seconds(10)
    }

    private static let usualFormats =
      "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,ogg,flv,gif,mp3,flac,wav,aac,aiff"

    // MARK: Forms

    private static func names(_ text: String) -> Environment.Parsed<[String]> {
      let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      let isList = names.allSatisfy { name in
        !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
      }
      return isList ? .success(names) : .failure("is «\(text)», not demuxers separated by commas, without blanks")
    }

    private static func beginning(_ text: String) -> Environment.Parsed<(String, Beginning)> {
      if text.hasSuffix("%"), text.first?.isNumber == true, let share = Double(text.dropLast()),
        (0...100).contains(share)
      {
        return .success((text, .percent(share)))
      }
      guard let start = DurationText.parse(text), start <= .days(1) else {
        return .failure("is «\(text)», not a duration (30s, at most a day) or a percentage (10%)")
      }
      return .success((text, .after(start)))
    }
  }
}
