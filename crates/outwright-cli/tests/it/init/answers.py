"""Answers the questions of `outwright init` on a terminal of its own: prompt by prompt, as a person would."""

import os
import pty
import select
import sys

answers = [
    ("provider", "partner\r"),
    ("base URL", "https://api.partner.example\r"),
    ("owning team", "shop\r"),
    ("how to reach", "\r"),
    ("depend on it", "\r"),
    ("know us", "\r"),
    ("undone", "n"),
    ("first operation", "nonsense\r"),
    ("first operation", "get /v1/stock\r"),
    ("next operation", "POST /v1/orders\r"),
    ("next operation", "\r"),
]

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

seen = ""
said = ""
while True:
    ready, _, _ = select.select([terminal], [], [], 60)
    if not ready:
        sys.exit(f"nothing came any more; said so far:\n{said}")
    try:
        more = os.read(terminal, 4096).decode("utf-8", "replace")
    except OSError:
        break
    if not more:
        break
    said += more
    seen += more
    if answers and answers[0][0] in seen:
        os.write(terminal, answers.pop(0)[1].encode())
        seen = ""
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(said)
sys.exit(status)
