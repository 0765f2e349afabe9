import Foundation

/// A web server that keeps what it is sent and answers as it is told to.
package final class WebServer: Sendable {
  package struct Request: Sendable {
    package var path: String
    package var type: String
    package var body: String
  }

  private let process: ServerProcess
  private let record: String

  package var port: Int { process.port }

  /// - Parameters:
  ///   - answer: a status code, or "never" to take the request and stay silent. 302 leads to `/elsewhere`.
  ///   - silent: how the paths end to which it stays silent whatever the answer.
  ///   - refused: what a body must not hold: it is answered with 400.
  ///   - words: what stands in the body before the path and its parts.
  package init(
    answering answer: String = "200", silentTo silent: String? = nil, refusing refused: String? = nil,
    saying words: String = "this is what is wrong with"
  ) async throws {
    let record = FileManager.default.temporaryDirectory.appending(path: "requests-\(UUID())").path
    self.record = record
    process = try await ServerProcess("/usr/bin/python3") {
      ["-c", Self.script, "\($0)", answer, record, silent ?? "\n", words, refused ?? ""]
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: record) }

  /// What has come in so far, in its order.
  package func requests() throws -> [Request] {
    guard let text = try? String(contentsOfFile: record, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").map { line in
      let line = ResultLine(text: String(line))
      return Request(
        path: line["path"].string ?? "", type: line["type"].string ?? "", body: line["body"].string ?? "")
    }
  }

  private static let script = """
    import http.server, json, re, sys, threading
    port, (answer, record, silent, said, refused) = int(sys.argv[1]), sys.argv[2:]
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            request = {"path": self.path, "type": self.headers.get("Content-Type", ""), "body": body}
            with open(record, "a") as file: file.write(json.dumps(request) + "\\n")
            if answer == "never" or self.path.endswith(silent): threading.Event().wait()
            words = " ".join([said, self.path, *re.split("[/?&=]", self.path)]).encode()
            self.send_response(400 if refused and refused in body else int(answer))
            if answer == "302": self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)
        do_GET = do_POST
        def log_message(self, *arguments): pass
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
    """
}
