"""One POST with requests, as a service would write it."""

import json
import sys

import requests

reply = requests.post(
    sys.argv[1],
    json=json.loads(sys.argv[2]),
    headers={"Idempotency-Key": sys.argv[3]},
    timeout=30,
)
print(json.dumps({"status": reply.status_code, "body": reply.text, "headers": dict(reply.headers)}))
