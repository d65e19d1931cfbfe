// Calls to the server, and error messages for the user when they fail.

const RETRY_SECONDS = 2;

export class Trouble extends Error {
  // retryAfter: seconds after which to try again; null if only a different text can help.
  constructor(message, retryAfter) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

async function answerOf(path, options) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("The server does not answer. Your text stays here; trying again …", RETRY_SECONDS);
  }
  const answer = await reply.json().catch(() => ({}));
  if (reply.ok) return answer;
  const reason = answer.error ?? `The server answered with status ${reply.status}.`;
  if (reply.status === 429) throw new Trouble(reason, Number(reply.headers.get("Retry-After")) || 1);
  throw new Trouble(reason, reply.status >= 500 ? RETRY_SECONDS : null);
}

// The language pairs that are served: [{source, target}].
export async function fetchPairs() {
  const languages = await answerOf("languages", {});
  return languages.flatMap(({ code, targets }) => targets.map((target) => ({ source: code, target })));
}

// The lines of a text, each with its words and its hypotheses.
export async function fetchLines(q, pair, alternatives, signal) {
  const body = JSON.stringify({ q, ...pair, alternatives });
  const headers = { "Content-Type": "application/json" };
  return (await answerOf("attention", { method: "POST", headers, body, signal })).lines;
}
