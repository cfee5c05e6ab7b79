// Posts a message and lists channels with the official client; says what the client saw.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.OUTWRIGHT_NODE_CLIENTS}/`);
const { WebClient, LogLevel } = require("@slack/web-api");
const [slackApiUrl, what] = process.argv.slice(2);
const retries = {
  off: { retryConfig: { retries: 0 } },
  quick: { retryConfig: { retries: 2, minTimeout: 1 } },
};
const client = new WebClient("xoxb-of-the-caller", {
  slackApiUrl,
  logLevel: LogLevel.ERROR,
  ...retries[what],
});
const said = {};
try {
  const channel = what === "refused" ? "C404" : "C1";
  said.ts = (await client.chat.postMessage({ channel, text: "hello" })).ts;
  said.channels = [];
  for await (const page of client.paginate("conversations.list", { limit: 1 })) {
    said.channels.push(...page.channels.map((channel) => channel.name));
  }
} catch (error) {
  said.error = error.data?.error ?? error.code;
  said.stop = (error.headers ?? error.original?.headers)?.["x-should-retry"];
  said.status = error.statusCode;
}
console.log(JSON.stringify(said));
