import Foundation

/// A receiver of webhooks over HTTPS that verifies each with the library `standardwebhooks` (PyPI), as an application would.
package final class WebhookServer: Sendable {
  package struct Request: Sendable {
    package var id: String
    package var body: String
    /// With which of the secrets it could be verified, counted from 0.
    package var verified: [Int]
    /// Whether the same request with one byte changed is refused by all of them.
    package var isSealed: Bool
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
  private static let python = root.appending(path: ".build/python/bin/python3").standardized.path

  /// Whether the library is there; `Tests/Support/python-tools.sh` installs it.
  package static let isInstalled: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = ["-c", "import standardwebhooks"]
    process.standardError = FileHandle.nullDevice
    let isThere = (try? process.run()) != nil
    if isThere { process.waitUntilExit() }
    if isThere, process.terminationStatus == 0 { return true }
    skipped("webhooks", because: "Tests/Support/python-tools.sh was not run")
    return false
  }()

  private let process: ServerProcess
  private let record: String

  package var port: Int { process.port }

  /// - Parameters:
  ///   - answer: a status.
  ///   - headers: more of the answer.
  ///   - certificate: with its key beside it.
  package init(
    secrets: [String], answering answer: Int = 200, headers: [String: String] = [:], certificate: String
  ) async throws {
    let record = FileManager.default.temporaryDirectory.appending(path: "webhooks-\(UUID())").path
    self.record = record
    let more = String(decoding: try JSONSerialization.data(withJSONObject: headers), as: UTF8.self)
    process = try await ServerProcess(Self.python) { port in
      ["-c", Self.script, "\(port)", "\(answer)", record, certificate, more] + secrets
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: record) }

  package func requests() throws -> [Request] {
    guard let text = try? String(contentsOfFile: record, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").map { line in
      let line = ResultLine(text: String(line))
      return Request(
        id: line["id"].string ?? "", body: line["body"].string ?? "",
        verified: line["verified"].elements.compactMap(\.int), isSealed: line["sealed"].int == 1)
    }
  }

  private static let script = """
    import http.server, json, ssl, sys
    from standardwebhooks import Webhook
    port, answer, record, certificate, more = sys.argv[1:6]
    hooks = [Webhook(secret) for secret in sys.argv[6:]]
    def verifies(hook, body, headers):
        try:
            hook.verify(body, headers)
            return True
        except Exception:
            return False
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept = {"id": headers.get("webhook-id"), "body": body,
                "verified": [number for number, hook in enumerate(hooks) if verifies(hook, body, headers)],
                "sealed": int(not any(verifies(hook, body.replace("e", "f", 1), headers) for hook in hooks))}
            with open(record, "a") as file: file.write(json.dumps(kept) + "\\n")
            self.send_response(int(answer))
            for name, value in ({"Content-Length": "0"} | json.loads(more)).items(): self.send_header(name, value)
            self.end_headers()
        def log_message(self, *arguments): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.replace(".crt", ".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
    """
}
