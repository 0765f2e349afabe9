"""Takes whatever is posted, and notes it, a line each:  receiver.py FILE_FOR_ITS_PORT FILE_FOR_WHAT_IT_RECEIVED"""
import http.server
import pathlib
import sys

port, received = map(pathlib.Path, sys.argv[1:])


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with received.open("ab") as file:
            file.write(self.path.encode() + b" " + body.replace(b"\n", b" ") + b"\n")
        self.send_response(200)
        self.end_headers()

    do_GET = do_POST


server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
port.write_text(str(server.server_port))
server.serve_forever()
