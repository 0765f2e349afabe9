import JobRuntime

extension LetterKind {
  static let malformed = LetterKind(
    "malformed",
    cause:
      "The entry is not a valid event: not JSON, not an object, without a type, too large, or something that Postgres cannot store. The letter holds it unchanged.",
    remedy: "Correct the producer and let it send the event again; then discard the dead letter.")

  static let unknown = LetterKind(
    "unknown", cause: "No handler takes events of this type.",
    remedy:
      "Add a handler in `EVENTS_HANDLERS_DIR` and replay the dead letter; or set `EVENTS_UNKNOWN=ignore` where the stream is shared with others."
  )

  static let rejected = LetterKind(
    "rejected", cause: "The handler refused the event; its message says why.",
    remedy: "Correct what the message names and replay the dead letter, or discard it.")

  static let absent = LetterKind(
    "absent", cause: "The event is for a job that is not part of this release; its message says which.",
    remedy:
      "Add a handler for its type in `EVENTS_HANDLERS_DIR`, or install the release that has the job; then replay the dead letter."
  )

  static let failed = LetterKind(
    "failed",
    cause:
      "The handler failed on this event: because of its content, or as often as `EVENTS_ATTEMPTS` allows. The error of Postgres is in `oneshot.event_inbox.last_error`.",
    remedy: "Correct the handler or the data, and replay the dead letter; or discard it.")

  static let fatal = LetterKind(
    "fatal", cause: "Several runs were killed, or lost their server, while they processed this event alone.",
    remedy: "Find out what its handler does with it (memory, time), correct that, and replay the dead letter.")

  static let missed = LetterKind(
    "missed",
    cause:
      "Entries left the stream or the topic before they were read: its producer trims it, its retention is short, or entries are deleted by hand.",
    remedy:
      "Raise the producer's `MAXLEN` or the topic's retention, or run more often. What is gone has to be sent again."
  )
}
