"""One GET with requests over TLS, with a user and a password, as many official clients do it."""

import json
import sys

import requests

reply = requests.get(sys.argv[1], auth=("anybody", sys.argv[2]), verify=sys.argv[3], timeout=30)
print(json.dumps({"status": reply.status_code, "body": reply.text, "headers": dict(reply.headers)}))
