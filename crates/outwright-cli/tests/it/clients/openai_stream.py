"""Streams a completion with the official client; says every event in the moment it comes."""

import json
import sys

import openai

client = openai.OpenAI(api_key="sk-of-the-caller", base_url=sys.argv[1])
stream = client.chat.completions.create(
    model="gpt-4o", messages=[{"role": "user", "content": "hello"}], stream=True
)
for event in stream:
    delta = event.choices[0].delta.content if event.choices else None
    print(json.dumps({"delta": delta}), flush=True)
