import JobRuntime

extension LetterKind {
  static let timedOut = LetterKind(
    "timed_out",
    cause: "ffmpeg had not ended within `PREVIEWS_ITEM_TIMEOUT`, or was killed for the time or memory that it took.",
    remedy: "Raise the limit and replay the dead letter, or discard it if the source is broken.")

  static let memory = LetterKind(
    "memory",
    cause: "`PREVIEWS_MEMORY` was not enough for ffmpeg.",
    remedy: "Raise it and replay the dead letter.")

  static let tooLarge = LetterKind(
    "too_large",
    cause: "The preview grew larger than 16 MiB plus 2 MiB for each second of its length.",
    remedy: "Look at the source; a smaller `PREVIEWS_BOX` makes smaller previews.")

  static let crashed = LetterKind(
    "crashed",
    cause: "ffmpeg or ffprobe ended by a signal that this job did not send.",
    remedy: "If it happens again with the same source, report it to ffmpeg and discard the dead letter.")

  static let unreadable = LetterKind(
    "unreadable",
    cause: "The source is not there, or could not be read.",
    remedy: "Check that the volume is mounted and readable, then replay the dead letter.")

  static let refused = LetterKind(
    "refused",
    cause: "The server of a presigned address refused it: it has expired, or is for another object, method or type.",
    remedy: "Have the application write new addresses into the row, which makes it due again.")

  static let unreachable = LetterKind(
    "unreachable",
    cause: "The server of a presigned address could not be reached, or failed.",
    remedy: "Look whether the job may connect to that host, and at `PREVIEWS_CA_FILE`; then replay the dead letter.")

  static let withoutClient = LetterKind(
    "without_client",
    cause: "The row has a presigned address, and the binary was built without the trait Delivery.",
    remedy: "Use an image that was built with TRAITS=Delivery, then replay the dead letter.")

  static let badResult = LetterKind(
    "bad_result",
    cause: "ffmpeg succeeded, but what it wrote is not what was requested.",
    remedy: "Replay the dead letter with the ffmpeg that the documentation names; report it if it stays.")

  static let fullDisk = LetterKind(
    "full_disk",
    cause: "There was no room left in `PREVIEWS_TARGET_DIR`; the run ended.",
    remedy: "Make room; the next run makes the preview and resolves the dead letter.")

  static let all = [
    timedOut, memory, tooLarge, crashed, unreadable, refused, unreachable, withoutClient, badResult, fullDisk,
  ]
}
