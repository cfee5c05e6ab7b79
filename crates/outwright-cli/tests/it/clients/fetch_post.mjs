// One POST with the built-in fetch of Node, as a service would write it.
const [url, body, key] = process.argv.slice(2);
const reply = await fetch(url, {
  method: "POST",
  headers: { "content-type": "application/json", "idempotency-key": key },
  body,
});
console.log(
  JSON.stringify({
    status: reply.status,
    body: await reply.text(),
    headers: Object.fromEntries(reply.headers),
  }),
);
