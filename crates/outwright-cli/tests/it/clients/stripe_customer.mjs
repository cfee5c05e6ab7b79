// Creates one customer with the official client and its default retries; then says what the client saw.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.OUTWRIGHT_NODE_CLIENTS}/`);
const Stripe = require("stripe");
const [host, port] = process.argv.slice(2);
const stripe = new Stripe("sk_test_caller", { host, port, protocol: "http" });
try {
  const customer = await stripe.customers.create({ email: "one@example.com" });
  const listed = await stripe.customers.list();
  console.log(JSON.stringify({ id: customer.id, listed: listed.data.length }));
} catch (error) {
  const stop = error.headers?.["stripe-should-retry"];
  console.log(
    JSON.stringify({ error: error.type, code: error.code, status: error.statusCode, stop }),
  );
}
