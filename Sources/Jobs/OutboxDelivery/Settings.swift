import JobRuntime
import Messages
import Templates

extension OutboxDelivery {
  struct Settings: JobSettings {
    let channels: [Channel]
    let relay: MailRelay
    let sender: Mailbox
    let replyTo: Mailbox?
    let domain: String
    let idHeader: String?
    let templates: MessageTemplates
    /// Mails a second.
    let mailRate: Double?
    /// The same for each domain.
    let domainRate: Double?
    let mailPerConnection: Int
    let mailTimeout: Duration
    let webhookTimeout: Duration
    let webhooks: WebhookRules
    let parallel: Int
    let time: Duration
    let most: Int?
    let linger: Duration
    let retry: [Duration]?
    let breaker: Int
    let keepData: Duration
    let keep: Duration
    let unsubscribing: Unsubscribing?

    init(from env: inout Environment) {
      channels =
        env.custom(
          "DELIVERY_CHANNELS", form: "email, webhook or both", default: "email,webhook",
          help: "The channels that this schedule sends.", selects: .work(as: "channels"),
          written: { Selection.asSet($0.map(\.rawValue)) }, parse: Self.parseChannels) ?? Channel.allCases
      let link = MailLink.read(&env)
      sender =
        env.mailbox("MAIL_FROM", help: "Who mail is from; required for mail.")
        ?? Mailbox(name: "", address: "nobody@invalid.example")
      replyTo = env.mailbox("MAIL_REPLY_TO", help: "Where replies go, if not to MAIL_FROM.")
      domain =
        env.custom(
          "MAIL_DOMAIN", form: "domain", default: nil,
          help: "Right-hand side of Message-IDs, and the name sent in EHLO; by default the domain of MAIL_FROM.",
          parse: { MailAddress.isDomain($0) ? .success($0) : .failure("is «\($0)», not a domain such as example.org") })
        ?? sender.domain
      relay = link.relay(greetedAs: domain)
      idHeader = env.custom(
        "MAIL_ID_HEADER", form: "name of a header", default: nil,
        help:
          "A header that carries the message's id, for relays that detect duplicates by it: Resend-Idempotency-Key."
      ) {
        MailHeader.isName($0)
          ? .success($0) : .failure("is «\($0)», not the name of a header that a mail does not have already")
      }
      templates = Self.readTemplates(
        env.optionalPath(
          "MAIL_TEMPLATES_DIR", help: "A folder of templates; those of the same names replace the built-in ones."), &env
      )
      mailRate =
        env.custom(
          "MAIL_RATE", form: "number/s, /m or /h", default: "10/s",
          help: "At most this many mails in that time; none means no limit.", parse: Self.parseRate) ?? 10
      domainRate =
        env.custom(
          "MAIL_DOMAIN_RATE", form: "number/s, /m or /h", default: "none",
          help: "At most this many mails to one domain in that time; none means no limit.", parse: Self.parseRate)
        ?? nil
      mailPerConnection = env.int(
        "MAIL_PER_CONNECTION", default: 100, in: 1...10_000,
        help: "Mails per connection: relays end long ones.")
      mailTimeout = env.duration(
        "MAIL_TIMEOUT", default: .minutes(2), in: .seconds(1) ... .minutes(30),
        help: "How long a mail may take; a relay that answers later leaves it in doubt.")
      webhookTimeout = env.duration(
        "WEBHOOK_TIMEOUT", default: .seconds(15), in: .milliseconds(100) ... .minutes(5),
        help: "How long a webhook's receiver may take.")
      webhooks = WebhookRules(from: &env)
      parallel = env.int(
        "DELIVERY_PARALLEL", default: 4, in: 1...64,
        help: "Messages that are sent at once, each on its own connections.")
      time = env.duration(
        "DELIVERY_TIME", default: .seconds(50), help: "The run sends no further message after this time.")
      most = env.custom(
        "DELIVERY_MAX", form: "number", default: nil,
        help: "The run sends at most this many messages; unset, all of them."
      ) { text in
        Int(text).flatMap { $0 > 0 ? .success($0) : nil } ?? .failure("is «\(text)», not a number above 0")
      }
      linger = env.duration(
        "DELIVERY_LINGER", default: .zero,
        help: "How long after its start the run waits for more messages, instead of ending when there are none.")
      retry = env.custom(
        "DELIVERY_RETRY", form: "durations separated by commas",
        default: "mail 1m,5m,30m,2h,5h,10h,24h; webhooks 5s,5m,30m,2h,5h,10h,14h,20h,24h",
        help: "How long a message waits after each failed attempt, give or take a fifth; after the last it has failed.",
        parse: Self.parseDurations)
      breaker = env.int(
        "DELIVERY_BREAKER", default: 5, in: 1...1000,
        help: "Failures in a row after which a relay or an endpoint is left alone, for 1, 5, 15 and then 60 minutes.")
      keepData = env.duration(
        "DELIVERY_KEEP_DATA", default: .days(7), in: .hours(1) ... .days(36_525),
        help: "Age at which addresses and data of messages that are over are removed.")
      keep = env.duration(
        "DELIVERY_KEEP", default: .days(90), in: .hours(1) ... .days(36_525),
        help: "Age at which messages that are over are removed.")
      env.reserveForInstallers("DELIVERY_KEEP_DATA", "DELIVERY_KEEP")
      unsubscribing = Unsubscribing.read(&env)
      if channels.contains(.email) {
        if !link.isSet { env.complain("MAIL_URL", "is required for mail; without mail: DELIVERY_CHANNELS=webhook") }
        if sender.domain == "invalid.example" { env.complain("MAIL_FROM", "is required for mail") }
      }
    }

    func delays(of channel: Channel) -> [Duration] { retry ?? channel.delays }

    // MARK: Forms

    private static func parseChannels(_ text: String) -> Environment.Parsed<[Channel]> {
      let words = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
      let channels = words.compactMap(Channel.init)
      guard !channels.isEmpty, channels.count == words.count, Set(words).count == words.count else {
        return .failure("is «\(text)», not email, webhook or email,webhook")
      }
      return .success(channels)
    }

    private static func parseRate(_ text: String) -> Environment.Parsed<Double?> {
      if text == "none" { return .success(nil) }
      let parts = text.split(separator: "/")
      let units: [Substring: Double] = ["s": 1, "m": 60, "h": 3600]
      guard parts.count == 2, let count = Int(parts[0]), count > 0, let seconds = units[parts[1]] else {
        return .failure("is «\(text)», not a rate such as 10/s, 300/m or none")
      }
      return .success(Double(count) / seconds)
    }

    private static func parseDurations(_ text: String) -> Environment.Parsed<[Duration]> {
      let durations = text.split(separator: ",").map { DurationText.parse(String($0.filter { $0 != " " })) }
      guard !durations.isEmpty, !durations.contains(nil) else {
        return .failure("is «\(text)», not durations separated by commas such as 1m,5m")
      }
      return .success(durations.compactMap(\.self))
    }

    private static func readTemplates(_ folder: String?, _ env: inout Environment) -> MessageTemplates {
      var files = builtIn
      do throws(SmallFile.Failure) {
        // A ConfigMap's folder has links beside its files, whose names begin with a dot.
        for name in try folder.map({ (folder) throws(SmallFile.Failure) in try SmallFile.names(in: folder) }) ?? []
        where !name.hasPrefix(".") && (name.hasSuffix(".txt") || name.hasSuffix(".html")) {
          files[name] = try SmallFile.read("\(folder ?? "")/\(name)")
        }
      } catch {
        env.complain("MAIL_TEMPLATES_DIR", "names \(folder ?? ""), which cannot be read: \(error)")
      }
      do throws(TemplateError) {
        return try MessageTemplates(files)
      } catch {
        env.complain("MAIL_TEMPLATES_DIR", "has a mistake: \(error)")
      }
      return MessageTemplates.none
    }

    private static var builtIn: [String: String] {
      [
        "verification.txt": PackageResources.verification_txt, "welcome.txt": PackageResources.welcome_txt,
        "position_update.txt": PackageResources.position_update_txt,
        "reward_earned.txt": PackageResources.reward_earned_txt, "milestone.txt": PackageResources.milestone_txt,
        "digest.txt": PackageResources.digest_txt, "notification.txt": PackageResources.notification_txt,
      ].mapValues { String(decoding: $0, as: UTF8.self) }
    }
  }
}

/// How a message is sent.
enum Channel: String, CaseIterable, Sendable {
  case email, webhook

  /// How long a message waits after each of its failed attempts: of webhooks as Standard Webhooks 1.0 has it.
  var delays: [Duration] {
    switch self {
    case .email: [.minutes(1), .minutes(5), .minutes(30), .hours(2), .hours(5), .hours(10), .hours(24)]
    case .webhook:
      [
        .seconds(5), .minutes(5), .minutes(30), .hours(2), .hours(5), .hours(10), .hours(14), .hours(20), .hours(24),
      ]
    }
  }
}
