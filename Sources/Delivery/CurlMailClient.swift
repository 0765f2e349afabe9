#if Delivery
  import CCurl
  package import JobRuntime
  import Synchronization

  /// The mail client over libcurl.
  package final class CurlMailClient: MailClient {
    private let handle = Mutex<CurlHandle?>(nil)

    package init() {}

    package func send(
      _ mail: Mail, by relay: MailRelay, isLast: Bool, within limit: Duration, unless stop: StopMark
    ) -> MailReply {
      talk(mail, by: relay, isLast: isLast, within: limit, unless: stop)
    }

    package func reach(_ relay: MailRelay, within limit: Duration, unless stop: StopMark) -> MailReply {
      talk(nil, by: relay, isLast: true, within: limit, unless: stop)
    }

    private func talk(
      _ mail: Mail?, by relay: MailRelay, isLast: Bool, within limit: Duration, unless stop: StopMark
    ) -> MailReply {
      handle.withLock { handle in
        if handle == nil { handle = CurlHandle() }
        return handle?.send(mail, by: relay, isLast: isLast, within: limit, unless: stop)
          ?? MailReply(.lost("libcurl cannot be used"), step: .connect)
      }
    }
  }

  extension MailReply {
    /// Whether the relay was gone before it had looked at the mail.
    fileprivate var isGoodbye: Bool {
      switch ending {
      case .lost: step == .sender
      case .refused: step == .sender && code == 421
      case .accepted, .stopped, .untrusted: false
      }
    }
  }

  extension CurlHandle {
    /// - Parameter mail: `nil` connects and logs in.
    fileprivate func send(
      _ mail: Mail?, by relay: MailRelay, isLast: Bool, within limit: Duration, unless stop: StopMark
    ) -> MailReply {
      reset(within: limit, trusting: relay.authorities)
      let scheme = relay.security == .tls ? "smtps" : "smtp"
      let host = relay.host.utf8.contains(UInt8(ascii: ":")) ? "[\(relay.host)]" : relay.host
      ccurl_set_text(pointer, CURLOPT_URL, "\(scheme)://\(host):\(relay.port)/\(relay.helloName)")
      ccurl_allow_only_smtp(pointer)
      ccurl_set_text(pointer, CURLOPT_PROXY, "")
      ccurl_set_number(
        pointer, CURLOPT_USE_SSL, Int(relay.security == .none ? CURLUSESSL_NONE.rawValue : CURLUSESSL_ALL.rawValue))
      ccurl_set_number(pointer, CURLOPT_CONNECTTIMEOUT_MS, Int(min(limit, .seconds(30)).inMilliseconds))
      if let user = relay.user { ccurl_set_text(pointer, CURLOPT_USERNAME, user) }
      if let password = relay.password { ccurl_set_text(pointer, CURLOPT_PASSWORD, password) }
      var recipients: UnsafeMutablePointer<curl_slist>?
      defer { curl_slist_free_all(recipients) }
      if let mail {
        ccurl_set_text(pointer, CURLOPT_MAIL_FROM, "<\(mail.sender)>")
        recipients = curl_slist_append(nil, "<\(mail.recipient)>")
        ccurl_set_list(pointer, CURLOPT_MAIL_RCPT, recipients)
        ccurl_set_number(pointer, CURLOPT_UPLOAD, 1)
        if isLast { ccurl_set_number(pointer, CURLOPT_FORBID_REUSE, 1) }
      } else {
        ccurl_set_number(pointer, CURLOPT_CONNECT_ONLY, 1)
      }

      let talk = SMTPTalk(mail?.content ?? [], stop, sockets)
      talk.listen(pointer)
      let code = withExtendedLifetime(talk) { perform() }
      let reply = talk.reply(code)
      if reply.ending != .accepted || mail == nil { sockets.shutDown() }
      // A relay ends an idle connection after a while: a failure neither of the relay nor of this mail.
      if talk.isOnKeptConnection, code != CURLE_OPERATION_TIMEDOUT, reply.isGoodbye {
        return send(mail, by: relay, isLast: isLast, within: limit, unless: stop)
      }
      return reply
    }
  }
#endif
