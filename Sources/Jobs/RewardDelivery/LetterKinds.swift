import JobRuntime

extension LetterKind {
  static let invalid = LetterKind(
    "invalid",
    cause:
      "The reward's type, method or time, its user's address, the endpoint of its type or its code is not valid; the message says which.",
    remedy: "Correct it, then replay the dead letter.")

  static let tooOld = LetterKind(
    "too_old",
    cause: "The reward was earned longer ago than `REWARD_MAX_AGE` when it was first seen.",
    remedy: "Replay the dead letter to deliver it all the same, or discard it.")

  static let noCode = LetterKind(
    "no_code",
    cause: "Its type had no free code, and `REWARD_NO_CODE` is `fail`.",
    remedy: "Load codes into `oneshot.reward_codes`, then replay the dead letter.")

  static let undelivered = LetterKind(
    "undelivered",
    cause:
      "outbox-delivery did not deliver its message, or the message was cancelled; the dead letter names it (`oneshot deliveries show`).",
    remedy: "Correct the address, then replay the dead letter: the same code goes there in another message.")

  static let refused = LetterKind(
    "refused",
    cause: "Postgres or a trigger of the application refused the changes of the reward; nothing was written.",
    remedy: "Correct what the message names; each run tries it again.")
}
