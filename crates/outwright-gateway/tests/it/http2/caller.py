"""A caller over HTTP/2 in the clear on the `h2` library. Says what came of each of its plays, as JSON.

Usage: caller.py PORT
"""

import json
import socket
import sys

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    PingAckReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.settings import SettingCodes, Settings

PORT = int(sys.argv[1])


class Caller:
    """One connection."""

    def __init__(self, window=None):
        self.sock = socket.create_connection(("127.0.0.1", PORT), timeout=30)
        self.h2 = H2Connection(config=H2Configuration(client_side=True))
        if window is not None:
            first = {SettingCodes.INITIAL_WINDOW_SIZE: window, SettingCodes.ENABLE_PUSH: 0}
            self.h2.local_settings = Settings(client=True, initial_values=first)
        self.h2.initiate_connection()
        self.status, self.bodies, self.frames = {}, {}, {}
        self.ended, self.pings, self.gone = set(), 0, None
        self.flush()

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def get(self, more=(), **how):
        stream = self.h2.get_next_available_stream_id()
        head = [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/demo/v1/charges"),
            (":authority", f"127.0.0.1:{PORT}"),
        ]
        self.h2.send_headers(stream, head + list(more), end_stream=True, **how)
        self.bodies[stream], self.frames[stream] = b"", 0
        return stream

    def step(self):
        data = self.sock.recv(65_536)
        if not data:
            self.gone = self.gone or "closed"
            return
        for event in self.h2.receive_data(data):
            if isinstance(event, ResponseReceived):
                self.status[event.stream_id] = int(dict(event.headers)[b":status"])
            elif isinstance(event, DataReceived):
                self.bodies[event.stream_id] += event.data
                self.frames[event.stream_id] += len(event.data) > 0
                room = event.flow_controlled_length
                if room:
                    self.h2.increment_flow_control_window(room)
                if room and event.stream_ended is None:
                    self.h2.increment_flow_control_window(room, event.stream_id)
            elif isinstance(event, StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, StreamReset):
                self.ended.add(event.stream_id)
            elif isinstance(event, PingAckReceived):
                self.pings += 1
            elif isinstance(event, ConnectionTerminated):
                self.gone = str(event.error_code)
        self.flush()

    def until(self, streams):
        self.flush()
        while self.gone is None and not self.ended.issuperset(streams):
            self.step()

    def said(self, streams):
        fine = [self.status.get(s) == 200 and self.bodies[s] == b"fine" for s in streams]
        return {"fine": sum(fine), "gone": self.gone}


def many():
    """A hundred streams at once, and again."""
    caller, all_of_them = Caller(), []
    for _ in range(3):
        streams = [caller.get() for _ in range(100)]
        caller.until(streams)
        all_of_them += streams
    return caller.said(all_of_them)


def priorities():
    """Weights and dependencies in heads and in frames of their own (RFC 9113 section 5.3: to be ignored)."""
    caller = Caller()
    first = caller.get(priority_weight=256, priority_exclusive=True, priority_depends_on=0)
    second = caller.get()
    caller.h2.prioritize(second, weight=1, depends_on=first)
    caller.h2.prioritize(caller.h2.get_next_available_stream_id() + 100, weight=16)
    third = caller.get()
    caller.until([first, second, third])
    return caller.said([first, second, third])


def continuation():
    """A head of 40,000 bytes, which needs frames beyond the first."""
    caller = Caller()
    streams = [caller.get([(f"x-large-{n}", "y" * 8_000) for n in range(5)]), caller.get()]
    caller.until(streams)
    return caller.said(streams)


def window():
    """An answer that comes byte by byte, because there is room for no more."""
    caller = Caller(window=1)
    stream = caller.get()
    caller.until([stream])
    return {**caller.said([stream]), "frames": caller.frames[stream]}


def resets():
    """Streams that are reset as soon as they are asked for, few at a time; then one that is not."""
    caller = Caller()
    for turn in range(10):
        for _ in range(10):
            caller.h2.reset_stream(caller.get(), ErrorCodes.CANCEL)
        caller.h2.ping(b"are-you?")
        caller.flush()
        while caller.gone is None and caller.pings <= turn:
            caller.step()
    stream = caller.get()
    caller.until([stream])
    return caller.said([stream])


PLAYS = [many, priorities, continuation, window, resets]
print(json.dumps({play.__name__: play() for play in PLAYS}))
