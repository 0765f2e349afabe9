import JobRuntime

extension LetterKind {
  static let doubt = LetterKind(
    "doubt",
    cause:
      "The attempt ended without an answer, so it is unknown whether the message was sent; the message is marked to be held in that case.",
    remedy: "Ask the relay by the message's id. Replay the dead letter to send it again, or discard it.")

  static let gaveUp = LetterKind(
    "gave_up",
    cause: "The message failed in each of its attempts (`DELIVERY_RETRY`); the message is the last answer.",
    remedy: "Correct what the answer names, then replay the dead letter: the message is sent again, with the same id.")

  static let refused = LetterKind(
    "refused",
    cause: "The relay refused the message for good, and not because the address does not exist.",
    remedy: "The answer says why: a full mailbox, the content, the sender's reputation. Replay it once that is settled."
  )

  static let bounced = LetterKind(
    "bounced",
    cause: "The relay says that the address does not exist. It gets no more mail (`oneshot.suppressions`).",
    remedy: "Correct the address in the application. `oneshot suppressions remove` lets it get mail again.")

  static let address = LetterKind(
    "address",
    cause: "The recipient is not an address that mail can be sent to.",
    remedy: "Correct it in the application; nothing was sent.")

  static let template = LetterKind(
    "template",
    cause: "The message could not be rendered: its template is missing, or its data do not fit the template.",
    remedy: "Correct the template (`MAIL_TEMPLATES_DIR`) or the data, then replay the dead letter; nothing was sent.")

  static let data = LetterKind(
    "data",
    cause: "The message's data are not an object, or its body is larger than 1 MiB.",
    remedy: "Correct what writes it; nothing was sent.")

  static let endpoint = LetterKind(
    "endpoint",
    cause: "The webhook's endpoint does not exist, or its URL or secret cannot be used.",
    remedy: "Correct the row of `oneshot.webhook_endpoints`, then replay the dead letter; nothing was sent.")

  static let disabled = LetterKind(
    "disabled",
    cause:
      "The endpoint answered 410, or has only failed for five days; it gets nothing more, and its messages are cancelled.",
    remedy: "Ask its owner. To enable it again: set disabled_at in oneshot.webhook_endpoints to null.")

  static let all: [LetterKind] = [
    .doubt, .gaveUp, .refused, .bounced, .address, .template, .data, .endpoint, .disabled,
  ]
}
