"""A provider over HTTP/2 and TLS on the `h2` library, which does as the query of a request says.

Usage: provider.py CERTIFICATE KEY WINDOW
WINDOW is what a stream of it takes at first, in bytes, and it gives as much again only when all is used.
The first line of its output is its port.
"""

import json
import socket
import ssl
import sys
import threading
from urllib.parse import parse_qs, urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    RequestReceived,
    StreamEnded,
    WindowUpdated,
)
from h2.settings import SettingCodes, Settings

WINDOW = int(sys.argv[3])
LARGE = bytes(range(256)) * 2_000
SEEN = {"connections": 0}
LOCK = threading.Lock()


def count(what):
    with LOCK:
        SEEN[what] = SEEN.get(what, 0) + 1
        return SEEN[what]


class Connection:
    """One connection in a thread of its own."""

    def __init__(self, sock):
        self.sock = sock
        self.h2 = H2Connection(config=H2Configuration(client_side=False))
        self.asked = {}
        self.bodies = {}
        # Bodies that wait for room, by their streams: what is left of each.
        self.waiting = {}

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def run(self):
        first = {SettingCodes.INITIAL_WINDOW_SIZE: WINDOW}
        self.h2.local_settings = Settings(client=False, initial_values=first)
        self.h2.initiate_connection()
        self.flush()
        while True:
            data = self.sock.recv(65_536)
            if not data:
                return
            for event in self.h2.receive_data(data):
                if self.on(event):
                    self.flush()
                    return
            self.flush()

    def on(self, event):
        """Whether the connection is over."""
        if isinstance(event, RequestReceived):
            head = {name.decode(): value.decode() for name, value in event.headers}
            query = parse_qs(urlsplit(head[":path"]).query)
            self.asked[event.stream_id] = query.get("do", ["fine"])[0]
            self.bodies[event.stream_id] = b""
        elif isinstance(event, DataReceived):
            self.bodies[event.stream_id] += event.data
            room = event.flow_controlled_length
            if room:
                self.h2.increment_flow_control_window(room)
                self.h2.increment_flow_control_window(room, event.stream_id)
        elif isinstance(event, StreamEnded):
            return self.answer(event.stream_id)
        elif isinstance(event, WindowUpdated):
            for stream in list(self.waiting):
                self.send(stream)
        elif isinstance(event, ConnectionTerminated):
            return True
        return False

    def answer(self, stream):
        do = self.asked[stream]
        times = count(do)
        if do == "goaway" and times == 1:
            # It looked at no stream from this one on.
            self.h2.close_connection(ErrorCodes.NO_ERROR, last_stream_id=max(0, stream - 2))
            return True
        if do == "goaway-late" and times == 1:
            # It looked at this one, and says no more.
            self.h2.close_connection(ErrorCodes.NO_ERROR, last_stream_id=stream)
            return True
        if do == "refused" and times == 1:
            self.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            return False
        if do == "reset":
            self.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
            return False
        if do == "interim":
            self.h2.send_headers(stream, [(":status", "103"), ("link", "</a.css>; rel=preload")])
            self.h2.send_headers(stream, [(":status", "102")])
        body = {"report": json.dumps(SEEN).encode(), "echo": self.bodies[stream], "large": LARGE}
        body = body.get(do, b"fine")
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
        if do == "padded":
            for byte in body:
                self.h2.send_data(stream, bytes([byte]), pad_length=200)
            self.h2.send_data(stream, b"", end_stream=True, pad_length=255)
        elif do == "trailers":
            self.h2.send_data(stream, body)
            self.h2.send_headers(stream, [("x-checksum", "1")], end_stream=True)
        elif do == "single":
            for byte in body:
                self.h2.send_data(stream, bytes([byte]))
            self.h2.end_stream(stream)
        else:
            self.waiting[stream] = body
            self.send(stream)
        return False

    def send(self, stream):
        """As much as there is room for."""
        left = self.waiting[stream]
        while left:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                self.waiting[stream] = left
                return
            self.h2.send_data(stream, left[:room])
            left = left[room:]
        del self.waiting[stream]
        self.h2.end_stream(stream)


def serve(sock, context):
    try:
        with context.wrap_socket(sock, server_side=True) as tls:
            count("connections")
            Connection(tls).run()
    except (OSError, ssl.SSLError):
        # The other side is gone.
        pass


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock, context), daemon=True).start()


main()
