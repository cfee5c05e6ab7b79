"""Posts a message and lists channels with the official client; says what the client saw."""

import json
import sys

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

base, what = sys.argv[1:]
client = WebClient(token="xoxb-of-the-caller", base_url=base)
said = {}
try:
    channel = "C404" if what == "refused" else "C1"
    said["ts"] = client.chat_postMessage(channel=channel, text="hello")["ts"]
    pages = client.conversations_list(limit=1)
    said["channels"] = [channel["name"] for page in pages for channel in page["channels"]]
except SlackApiError as error:
    answer = error.response
    body = answer.data if isinstance(answer.data, dict) else {}
    said.update(error=body.get("error"), problem=body.get("type"), status=answer.status_code)
except Exception as error:  # what the client throws for a connection is the system's
    said["error"] = type(error).__name__
print(json.dumps(said))
