// Words as elements, highlighted by their attention weights.

const LEAST_SHARE = 0.1; // of the attention; smaller shares are not shown

// The positions of words in a text: [start, end]. Words are in order; a word that is not found is skipped.
export function placesOf(text, words) {
  let from = 0;
  return words.flatMap((word) => {
    const start = text.indexOf(word, from);
    if (start < 0) return [];
    from = start + word.length;
    return [[start, from]];
  });
}

// The text as nodes, with one element per position; nothing is parsed as HTML.
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

// Weights are pairs: the index of a word and how strongly to highlight it, from 0 to 1.
export function light(spans, weights) {
  for (const [i, weight] of weights) {
    if (weight >= LEAST_SHARE) spans[i]?.style.setProperty("--weight", Math.min(1, weight).toFixed(3));
  }
}

// Isolates a word, so that one written from right to left does not reorder the words around it.
const quoted = (word) => `“\u2068${word}\u2069”`;

// A sentence that names the source words a word attended to; pairs as above, highest weight first.
export function explained(word, sourceWords, attended) {
  const named = attended
    .filter(([, weight]) => weight >= LEAST_SHARE)
    .slice(0, 3)
    .map(([i, weight]) => `${quoted(sourceWords[i])} (${Math.round(100 * weight)} %)`);
  return `${quoted(word)} is from ${named.join(", ") || "no word in particular"}`;
}
