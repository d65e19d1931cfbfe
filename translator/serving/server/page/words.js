// Words as elements of their own, and the light that attention throws on them.

const LEAST_SHARE = 0.1; // of the attention, to be named or shown

// Where each word stands in a text: [start, end]. Words are in order; one that is not found is left out.
export function placesOf(text, words) {
  let from = 0;
  return words.flatMap((word) => {
    const start = text.indexOf(word, from);
    if (start < 0) return [];
    from = start + word.length;
    return [[start, from]];
  });
}

// The text as nodes, with an element for each place; everything is text, nothing is parsed as HTML.
export function nodesOf(text, places) {
  const nodes = [];
  const spans = [];
  let from = 0;
  for (const [start, end] of places) {
    const span = document.createElement("span");
    span.className = "word";
    span.textContent = text.slice(start, end);
    nodes.push(document.createTextNode(text.slice(from, start)), span);
    spans.push(span);
    from = end;
  }
  nodes.push(document.createTextNode(text.slice(from)));
  return { nodes, spans };
}

export function darken(spans) {
  for (const span of spans) {
    span.style.removeProperty("--weight");
    span.classList.remove("here");
  }
}

// Weights are pairs: the number of a word, and how much light falls on it, from 0 to 1.
export function light(spans, weights) {
  for (const [i, weight] of weights) {
    if (weight >= LEAST_SHARE) spans[i]?.style.setProperty("--weight", Math.min(1, weight).toFixed(3));
  }
}

// Keeps a word from changing the order of those around it, where it is written from right to left.
const quoted = (word) => `“\u2068${word}\u2069”`;

// The source words that a word attended to, as a sentence; pairs as above, the most first.
export function explained(word, sourceWords, attended) {
  const named = attended
    .filter(([, weight]) => weight >= LEAST_SHARE)
    .slice(0, 3)
    .map(([i, weight]) => `${quoted(sourceWords[i])} (${Math.round(100 * weight)} %)`);
  return `${quoted(word)} is from ${named.join(", ") || "no word in particular"}`;
}
