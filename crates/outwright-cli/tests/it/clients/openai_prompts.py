"""Asks five different things one after the other with the official client; says how each ended."""

import json
import sys

import openai

client = openai.OpenAI(api_key="sk-of-the-caller", base_url=sys.argv[1])
ends = []
for number in range(5):
    try:
        prompt = [{"role": "user", "content": f"question {number}"}]
        client.chat.completions.create(model=f"gpt-4o-{number}", messages=prompt)
        ends.append(200)
    except openai.APIStatusError as error:
        ends.append(error.status_code)
print(json.dumps({"ends": ends}))
