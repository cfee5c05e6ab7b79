"""Lists two issues, of which the first page holds one; says what the client saw."""

import itertools
import json
import sys

from github import Auth, Github

client = Github(base_url=sys.argv[1], auth=Auth.Token("token-of-the-caller"))
try:
    repository = client.get_repo("octocat/Hello-World")
    issues = [issue.number for issue in itertools.islice(repository.get_issues(), 2)]
    print(json.dumps({"issues": issues}))
except AssertionError as error:
    print(json.dumps({"error": type(error).__name__, "text": str(error)}))
