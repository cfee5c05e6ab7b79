"""The service of the trace-context harness: it calls back through a gateway, with the trace that it got, untouched.

Says its own address on stdout, then serves until it is killed.
"""

import http.client
import http.server
import json
import sys
import urllib.parse

GATEWAY, PREFIX = sys.argv[1], sys.argv[2]


class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        trace = [(k, v) for k, v in self.headers.items() if k.lower() in ("traceparent", "tracestate")]
        for action in json.loads(body) or []:
            path = urllib.parse.urlsplit(action["url"]).path
            connection = http.client.HTTPConnection(GATEWAY, timeout=5)
            connection.putrequest("POST", PREFIX + path)
            for name, value in trace:
                connection.putheader(name, value)
            arguments = json.dumps(action["arguments"]).encode()
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(arguments)))
            connection.endheaders(arguments)
            reply = connection.getresponse()
            reply.read()
            if reply.status != 200:
                raise RuntimeError(f"the gateway said {reply.status}")
        answer = b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
print(f"http://127.0.0.1:{server.server_port}/test", flush=True)
server.serve_forever()
