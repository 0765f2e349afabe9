import Foundation
import TestSupport

/// A server of objects by HTTPS that takes presigned addresses alone, signed and verified as S3's are (Signature Version
/// 4), and answers as S3 does. What a path begins with makes it fail:
///
/// - `/fails-2/`: its first two requests are answered with 503.
/// - `/cut/`: half of the object, and the end of the connection.
/// - `/silent/`: nothing.
/// - `/moved/`: a redirect.
final class ObjectServer: Sendable {
  private static let host = "127.0.0.1"
  private let process: ServerProcess
  private let folder: TemporaryFolder
  private let certificates: Certificates

  init(certificate: String = "server.crt") async throws {
    (folder, certificates) = (try TemporaryFolder(), try await Certificates())
    let (folder, certificate) = (folder.path, certificates.path(certificate))
    process = try await ServerProcess("/usr/bin/python3") { ["-c", Self.script, "\($0)", folder, certificate] }
  }

  /// What lets a run use it.
  var settings: [String: String] {
    [
      "PREVIEWS_CA_FILE": certificates.authority, "PREVIEWS_PRIVATE": "true", "JOB_BACKOFF_MAX": "100ms",
    ]
  }

  func put(_ content: Data, at path: String) throws {
    try content.write(to: URL(filePath: "\(folder.path)/\(Self.fileName(path))"))
  }

  func object(_ path: String) -> Data? { try? Data(contentsOf: URL(filePath: "\(folder.path)/\(Self.fileName(path))")) }

  private static func fileName(_ path: String) -> String { "object" + path.replacing("/", with: "_") }

  /// What was requested: method, path, Content-Type, status.
  var requests: [String] {
    let text = (try? String(contentsOfFile: "\(folder.path)/requests", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// A presigned address.
  ///
  /// - Parameter age: how many seconds ago it was signed; it holds for an hour.
  func address(_ method: String, _ path: String, type: String = "", age: Int = 0) async throws -> String {
    let made = try await Binary(path: "/usr/bin/python3").run(
      ["-c", Self.script, "sign", method, "\(Self.host):\(process.port)", path, type, "\(age)"])
    guard made.exitCode == 0 else { throw TestFailure(made.errors) }
    return String(made.output.dropLast())
  }

  private static let script = """
    import datetime, hashlib, hmac, http.server, os, ssl, sys, threading, time, urllib.parse
    KEY, SCOPE = b"AWS4" + b"the-secret-of-the-bucket", ["20251108", "eu-central-1", "s3", "aws4_request"]
    quote = lambda text: urllib.parse.quote(text, safe="-_.~")
    def signature(method, path, query, headers):
        names = "&".join(f"{quote(k)}={quote(v)}" for k, v in sorted(query.items()) if k != "X-Amz-Signature")
        lines = "".join(f"{name}:{headers.get(name, '')}\\n" for name in query["X-Amz-SignedHeaders"].split(";"))
        request = "\\n".join([method, urllib.parse.quote(path), names, lines, query["X-Amz-SignedHeaders"], "UNSIGNED-PAYLOAD"])
        text = "\\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(SCOPE), hashlib.sha256(request.encode()).hexdigest()])
        key = KEY
        for part in SCOPE: key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), text
    if sys.argv[1] == "sign":
        method, host, path, type, age = sys.argv[2:]
        query = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": "AKIDEXAMPLE/" + "/".join(SCOPE), "X-Amz-Expires": "3600",
            "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - int(age))),
            "X-Amz-SignedHeaders": "content-type;host" if type else "host"}
        query["X-Amz-Signature"] = signature(method, path, query, {"host": host, "content-type": type})[0]
        print(f"https://{host}{urllib.parse.quote(path)}?" + urllib.parse.urlencode(query))
        sys.exit()
    port, folder, certificate = sys.argv[1:]
    seen = {}
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def answer(self, status, body=b"", **headers):
            with open(folder + "/requests", "a") as file:
                file.write(f"{self.command} {self.where} {self.headers.get('Content-Type', '-')} {status}\\n")
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items(): self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        def refuse(self, status, code, more=""):
            self.answer(status, f"<?xml version='1.0'?><Error><Code>{code}</Code>{more}<Path>{self.path}</Path></Error>".encode())
        def serve(self):
            parts = urllib.parse.urlsplit(self.path)
            path, query = urllib.parse.unquote(parts.path), dict(urllib.parse.parse_qsl(parts.query))
            self.where = path
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = path.split("/")[1]
            seen[self.path] = seen.get(self.path, 0) + 1
            if kind == "silent": threading.Event().wait()
            if kind.startswith("fails-") and seen[self.path] <= int(kind[6:]): return self.refuse(503, "SlowDown")
            if kind == "moved": return self.answer(307, Location=self.path.replace("/moved/", "/films/"))
            try: wanted, text = signature(self.command, path, query, {k.lower(): v for k, v in self.headers.items()})
            except KeyError: return self.refuse(403, "AccessDenied")
            if not hmac.compare_digest(wanted, query["X-Amz-Signature"]):
                return self.refuse(403, "SignatureDoesNotMatch", f"<StringToSign>{text}</StringToSign>")
            begun = datetime.datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
            if time.time() > begun + int(query["X-Amz-Expires"]): return self.refuse(403, "AccessDenied", "<Message>Request has expired</Message>")
            name = folder + "/object" + path.replace("/", "_")
            if self.command == "PUT":
                with open(name + ".new", "wb") as file: file.write(body)
                os.rename(name + ".new", name)
                return self.answer(200)
            if not os.path.exists(name): return self.refuse(404, "NoSuchKey")
            content = open(name, "rb").read()
            if kind != "cut": return self.answer(200, content)
            self.answer(200, content[:len(content) // 2], **{"Content-Length": str(len(content))})
            self.close_connection = True
        do_GET = do_PUT = do_POST = serve
        def log_message(self, *arguments): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.replace(".crt", ".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()
    """
}
