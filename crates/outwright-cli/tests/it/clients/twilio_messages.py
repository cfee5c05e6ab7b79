"""Sends one message and lists two collections with the official client; says what the client saw."""

import json
import sys

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

base, account = sys.argv[1:]
client = Client(account, "token-of-the-caller")
client.api.base_url = base
client.messaging.base_url = base
said = {}
try:
    message = client.messages.create(to="+15005550010", from_="+15005550006", body="hello")
    said["sid"] = message.sid
except TwilioRestException as error:
    said["status"] = error.status
try:
    said["messages"] = [message.body for message in client.messages.list()]
    said["services"] = [service.friendly_name for service in client.messaging.v1.services.list()]
except TwilioException as error:
    said["list_status"] = error.args[1].status_code
print(json.dumps(said))
