"""Serves localstripe, unchanged, on a loopback port instead of its own wildcard address."""

import socket
import sys

from aiohttp import web
from localstripe.server import app

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
web.run_app(app, sock=listener, print=None, access_log=None)
sys.exit(0)
