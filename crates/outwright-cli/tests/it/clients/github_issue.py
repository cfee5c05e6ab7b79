"""Creates one issue, with the client's default retries or without; says what the client saw."""

import json
import sys

from github import Auth, Github, GithubException
from requests.exceptions import RetryError

retries = {"default": {}, "off": {"retry": None}}[sys.argv[2]]
client = Github(base_url=sys.argv[1], auth=Auth.Token("token-of-the-caller"), **retries)
try:
    issue = client.get_repo("octocat/Hello-World", lazy=True).create_issue("broken")
    print(json.dumps({"issue": issue.number}))
except GithubException as error:
    headers = error.headers or {}
    print(json.dumps({"status": error.status, "retry": headers.get("outwright-retry")}))
except RetryError as error:
    print(json.dumps({"error": str(error)}))
