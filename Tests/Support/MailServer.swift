import Foundation

/// A mail server (Debian's python3-aiosmtpd) that keeps what it is sent, read back by Python's `email`, and answers as it is
/// told to.
package final class MailServer: Sendable {
  package struct Mail: Sendable {
    package var recipient: String
    package var sender: String
    /// As it came, its bytes as characters of Latin-1.
    package var raw: String
    package var subject: String
    package var id: String
    package var headers: [[String]]
    package var text: String
    package var html: String?
    package var isOverTLS: Bool
    package var isLoggedIn: Bool
    /// The port it came from: another one for each connection.
    package var connection: Int
  }

  private let process: ServerProcess
  private let record: String

  package var port: Int { process.port }
  package var url: String { "smtp://127.0.0.1:\(port)" }

  /// - Parameter plan: what it does else than take everything. `MAIL`, `RCPT` and `DATA` (the end of the mail) have a reply, or
  ///   `silent`, or `cut`, which ends the connection, or a list of these, of which an empty one is the usual reply; likewise the
  ///   commands `EHLO`, `STARTTLS`, `AUTH`, `354` (the beginning of the mail) and `QUIT`; `untilFile`, with a path, takes a
  ///   silent one up again. `only` is a part of the recipients that these are for; `dieAfter` is how many mails it takes until
  ///   it ends, before its reply; `silentAfterTaking` never replies; `tls` has certificate and key, `login` user and password.
  package init(_ plan: [String: any Sendable] = [:]) async throws {
    let record = FileManager.default.temporaryDirectory.appending(path: "mails-\(UUID())").path
    self.record = record
    let rules = String(decoding: try JSONSerialization.data(withJSONObject: plan), as: UTF8.self)
    process = try await ServerProcess("/usr/bin/python3") { free in ["-c", Self.script, "\(free)", record, rules] }
  }

  deinit {
    for path in [record, record + ".silent"] { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Whether it has been asked for something that it is silent to.
  package var isSilent: Bool { FileManager.default.fileExists(atPath: record + ".silent") }

  /// What it has taken so far, in its order.
  package func mails() throws -> [Mail] {
    guard let text = try? String(contentsOfFile: record, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").map { line in
      let line = ResultLine(text: String(line))
      return Mail(
        recipient: line["to"].string ?? "", sender: line["from"].string ?? "", raw: line["raw"].string ?? "",
        subject: line["subject"].string ?? "", id: line["id"].string ?? "",
        headers: line["headers"].elements.map { [$0["name"].string ?? "", $0["value"].string ?? ""] },
        text: line["text"].string ?? "", html: line["html"].string, isOverTLS: line["tls"].int == 1,
        isLoggedIn: line["login"].int == 1, connection: line["peer"].int ?? 0)
    }
  }

  private static let script = """
    import asyncio, functools, json, os, ssl, sys, email, email.policy
    from aiosmtpd.smtp import SMTP, AuthResult
    port, record, plan = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    taken = 0
    class Handler:
        async def rule(self, server, step, address):
            rule = plan.get(step)
            if rule is None or plan.get("only", "") not in address: return None
            if isinstance(rule, list): rule = rule.pop(0) if rule else ""
            if rule == "silent":
                open(record + ".silent", "w").close()
                while not os.path.exists(plan.get("untilFile", "/none")): await asyncio.sleep(0.005)
                return None
            if rule == "cut":
                server.transport.abort()
                await asyncio.Event().wait()
            return rule
        async def handle_MAIL(self, server, session, envelope, address, options):
            if reply := await self.rule(server, "MAIL", address): return reply
            envelope.mail_from = address
            return "250 OK"
        async def handle_RCPT(self, server, session, envelope, address, options):
            if reply := await self.rule(server, "RCPT", address): return reply
            envelope.rcpt_tos.append(address)
            return "250 OK"
        async def handle_DATA(self, server, session, envelope):
            global taken
            to = envelope.rcpt_tos[0]
            if reply := await self.rule(server, "DATA", to): return reply
            taken += 1
            mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
            def body(kind):
                part = mail.get_body(preferencelist=(kind,))
                return part.get_content().replace("\\r\\n", "\\n") if part else None
            kept = {"to": to, "from": envelope.mail_from, "raw": envelope.original_content.decode("latin-1"),
                "subject": mail["Subject"], "id": mail["Message-ID"], "text": body("plain"), "html": body("html"),
                "headers": [{"name": name, "value": str(value)} for name, value in mail.items()],
                "tls": int(session.ssl is not None), "login": int(bool(session.authenticated)), "peer": session.peer[1]}
            with open(record, "a") as file: file.write(json.dumps(kept) + "\\n")
            if plan.get("silentAfterTaking"): await asyncio.Event().wait()
            if plan.get("dieAfter") == taken: os._exit(1)
            return f"250 2.0.0 queued as {taken}"
    class Relay(SMTP): pass
    def listening(name, step):
        usual = getattr(SMTP, name)
        @functools.wraps(usual)
        async def method(self, argument):
            reply = await self.event_handler.rule(self, step, plan.get("only", ""))
            if reply: await self.push(reply)
            else: await usual(self, argument)
        setattr(Relay, name, method)
    for name, step in [("EHLO", "EHLO"), ("STARTTLS", "STARTTLS"), ("AUTH", "AUTH"), ("DATA", "354"), ("QUIT", "QUIT")]:
        listening("smtp_" + name, step)
    settings = {}
    if "tls" in plan:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*plan["tls"])
        settings |= {"tls_context": context, "require_starttls": True}
    if "login" in plan:
        def login(server, session, envelope, mechanism, data):
            return AuthResult(success=[data.login.decode(), data.password.decode()] == plan["login"], handled=False)
        settings |= {"authenticator": login, "auth_required": True, "auth_require_tls": "tls" in plan}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    factory = lambda: Relay(Handler(), hostname="relay.example", loop=loop, **settings)
    loop.run_until_complete(loop.create_server(factory, "127.0.0.1", port))
    loop.run_forever()
    """
}
