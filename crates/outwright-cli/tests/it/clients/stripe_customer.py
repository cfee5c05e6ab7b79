"""Creates one customer with the official client and its default retries; then says what the client saw."""

import json
import sys

import stripe

client = stripe.StripeClient(
    "sk_test_caller", base_addresses={"api": sys.argv[1]}, max_network_retries=2
)
try:
    customer = client.v1.customers.create(params={"email": "one@example.com"})
    print(json.dumps({"id": customer.id}))
except stripe.StripeError as error:
    print(
        json.dumps(
            {
                "error": type(error).__name__,
                "status": error.http_status,
                "body": error.json_body,
            }
        )
    )
