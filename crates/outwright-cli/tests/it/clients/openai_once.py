"""Asks for one completion with the official client and its default retries; then says what the client saw."""

import json
import sys

import openai

client = openai.OpenAI(api_key="sk-of-the-caller", base_url=sys.argv[1])
try:
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "hello"}]
    )
    print(json.dumps({"text": answer.choices[0].message.content}))
except openai.APIStatusError as error:
    headers = error.response.headers
    print(
        json.dumps(
            {
                "error": type(error).__name__,
                "status": error.status_code,
                "stop": headers.get("x-should-retry"),
                "attempts": headers.get("outwright-attempts"),
            }
        )
    )
