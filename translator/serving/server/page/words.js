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

export function light(spans, weights) {
  spans.forEach((span, i) => {
    if (weights[i] >= LEAST_SHARE) span.style.setProperty("--weight", Math.min(1, weights[i]).toFixed(3));
  });
}

// The source words that a word was made from, as a sentence.
export function explained(word, sourceWords, weights) {
  const named = weights
    .map((weight, i) => [weight, sourceWords[i]])
    .filter(([weight]) => weight >= LEAST_SHARE)
    .sort(([a], [b]) => b - a)
    .slice(0, 3)
    .map(([weight, source]) => `“${source}” (${Math.round(100 * weight)} %)`);
  return named.length ? `“${word}” is from ${named.join(", ")}` : `“${word}” is from no word in particular`;
}
