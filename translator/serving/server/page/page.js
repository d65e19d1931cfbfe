// The page: translates the text line by line, after a short pause in typing.

import { choose } from "./alternatives.js";
import { Trouble, fetchLines, fetchPairs } from "./server.js";
import { darken, explained, light, nodesOf, placesOf } from "./words.js";

const PAUSE_MILLISECONDS = 250;
const byId = (id) => document.getElementById(id);
const [source, mirror, translation, pairs, swap, copy, hint, said, trouble] = [
  "source", "mirror", "translation", "pair", "swap", "copy", "hint", "said", "trouble",
].map(byId);

let served = []; // pairs of languages
let known = new Map(); // line of text -> {source_words, hypotheses, chosen}, of the lines that are shown
let shown = []; // for each line on the page: {text, line, places, sourceSpans, spans, element}
let request = new AbortController(); // the latest; answers to earlier requests are ignored
let timer = 0;

const pair = () => served[pairs.selectedIndex];
const hypothesisOf = (line) => line?.hypotheses[line.chosen];

// Languages

function nameOf(code) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(code);
  } catch {
    return code; // not a language code, but a name of the user's own
  }
}

function tagOf(code) {
  try {
    return Intl.getCanonicalLocales(code)[0];
  } catch {
    return "";
  }
}

const reversed = () => served.findIndex((one) => one.source === pair().target && one.target === pair().source);

function showPair() {
  const { source: from, target: into } = pair();
  byId("source-language").textContent = nameOf(from);
  byId("target-language").textContent = nameOf(into);
  source.lang = tagOf(from);
  translation.lang = tagOf(into);
  swap.hidden = reversed() < 0;
  known = new Map();
}

async function showPairs() {
  served = await fetchPairs();
  const options = served.map((one) => new Option(`${nameOf(one.source)} → ${nameOf(one.target)}`));
  pairs.replaceChildren(...options);
  showPair();
}

// Translation

function soon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(translate, milliseconds);
}

async function translate() {
  request.abort();
  const own = (request = new AbortController());
  try {
    if (!served.length) await showPairs();
    const lines = source.value.split("\n");
    const unknown = [...new Set(lines)].filter((line) => line.trim() && !known.has(line));
    const found = unknown.length ? await fetchLines(unknown.join("\n"), pair(), 0, own.signal) : [];
    if (own.signal.aborted) return;
    unknown.forEach((line, i) => known.set(line, { ...found[i], chosen: 0 }));
    known = new Map(lines.filter((line) => known.has(line)).map((line) => [line, known.get(line)]));
    trouble.textContent = "";
    show(lines);
  } catch (error) {
    showError(error);
  }
}

function showError(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Trouble)) throw error;
  if (trouble.textContent !== error.message) trouble.textContent = error.message;
  if (error.retryAfter !== null) soon(1000 * error.retryAfter);
}

function show(lines) {
  shown = lines.map((text) => ({ text, line: known.get(text), places: [], sourceSpans: [], spans: [] }));
  shown.forEach((one, i) => {
    one.places = placesOf(one.text, one.line?.source_words ?? []);
    one.element = document.createElement("div");
    one.element.className = "line";
    one.element.dir = "auto";
    one.element.dataset.number = i;
    fill(one);
  });
  translation.replaceChildren(...shown.map((one) => one.element));
  translation.classList.remove("waits");
  const reflected = shown.map((one) => nodesOf(one.text, one.places));
  reflected.forEach(({ spans }, i) => (shown[i].sourceSpans = spans));
  mirror.replaceChildren(...reflected.flatMap(({ nodes }) => [...nodes, "\n"]));
  const isEmpty = !known.size;
  hint.hidden = isEmpty;
  copy.hidden = isEmpty || !navigator.clipboard;
}

// Shows the chosen translation of a line.
function fill(one) {
  const hypothesis = hypothesisOf(one.line);
  if (!hypothesis) return;
  const { nodes, spans } = nodesOf(hypothesis.text, placesOf(hypothesis.text, hypothesis.words));
  one.element.replaceChildren(...nodes);
  one.spans = spans;
  const attributes = { role: "button", tabindex: 0, "aria-haspopup": "listbox", "aria-expanded": false };
  for (const [name, value] of Object.entries(attributes)) one.element.setAttribute(name, value);
  one.element.setAttribute("aria-describedby", "hint");
}

// Attention

function darkenAll() {
  for (const one of shown) darken([...one.sourceSpans, ...one.spans]);
  said.textContent = "";
}

function lightFromTarget(one, word) {
  darkenAll();
  one.spans[word].classList.add("here");
  const hypothesis = hypothesisOf(one.line);
  if (!hypothesis.attention) return;
  const attended = hypothesis.attention[word];
  const most = attended[0]?.[1];
  light(one.sourceSpans, attended.map(([i, weight]) => [i, weight / most]));
  said.textContent = explained(hypothesis.words[word], one.line.source_words, attended);
}

function lightFromSource(one, word) {
  darkenAll();
  const attention = hypothesisOf(one.line)?.attention;
  if (!attention || word < 0) return;
  one.sourceSpans[word].classList.add("here");
  const attending = attention.flatMap((attended, j) =>
    attended.filter(([i]) => i === word).map(([, weight]) => [j, weight]),
  );
  light(one.spans, attending);
}

const lineOf = (element) => shown[element?.closest(".line")?.dataset.number];

translation.addEventListener("pointerover", (event) => {
  const one = lineOf(event.target);
  const word = one ? one.spans.indexOf(event.target) : -1;
  if (word >= 0) lightFromTarget(one, word);
});
translation.addEventListener("pointerleave", darkenAll);

// The mirror behind the text area has its words at the same positions.
source.addEventListener("pointermove", (event) => {
  const under = document.elementsFromPoint(event.clientX, event.clientY);
  for (const one of shown) {
    const word = one.sourceSpans.findIndex((span) => under.includes(span));
    if (word >= 0) return lightFromSource(one, word);
  }
  return darkenAll();
});
source.addEventListener("pointerleave", darkenAll);

document.addEventListener("selectionchange", () => {
  if (document.activeElement !== source || translation.classList.contains("waits")) return;
  const before = source.value.slice(0, source.selectionStart);
  const one = shown[before.split("\n").length - 1];
  const column = before.length - before.lastIndexOf("\n") - 1;
  if (one) lightFromSource(one, one.places.findIndex(([start, end]) => start <= column && column <= end));
});

// Other translations

async function openAlternatives(one) {
  if (!hypothesisOf(one.line)) return;
  darkenAll();
  try {
    if (!one.line.isComplete) {
      const [all] = await fetchLines(one.text, pair(), 4, request.signal);
      const first = one.line.hypotheses[0];
      one.line.hypotheses = [first, ...all.hypotheses.filter((other) => other.text !== first.text)];
      one.line.isComplete = true;
    }
  } catch (error) {
    showError(error);
    return;
  }
  if (one.line.hypotheses.length < 2) {
    said.textContent = "There is no other translation.";
    return;
  }
  choose(one.element, one.line.hypotheses.map((other) => other.text), one.line.chosen, (chosen) => {
    one.line.chosen = chosen;
    for (const other of shown) if (other.line === one.line) fill(other);
  });
}

function walk(one, step) {
  const here = one.spans.findIndex((span) => span.classList.contains("here"));
  const next = here < 0 && step < 0 ? one.spans.length - 1 : here + step;
  if (one.spans[next]) lightFromTarget(one, next);
}

translation.addEventListener("click", (event) => {
  const one = lineOf(event.target);
  if (one && getSelection().isCollapsed) openAlternatives(one); // otherwise the user is selecting text to copy
});

translation.addEventListener("keydown", (event) => {
  if (!event.target.matches(".line[role=button]")) return;
  const one = lineOf(event.target);
  const forward = getComputedStyle(event.target).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  if (event.key === "Enter" || event.key === " ") openAlternatives(one);
  else if (event.key === "ArrowRight" || event.key === "ArrowLeft") walk(one, event.key === forward ? 1 : -1);
  else if (event.key === "Escape") darkenAll();
  else return;
  event.preventDefault();
});
translation.addEventListener("focusout", darkenAll);

// Controls

source.addEventListener("input", () => {
  darkenAll();
  for (const one of shown) one.sourceSpans = [];
  mirror.textContent = `${source.value}\n`;
  translation.classList.add("waits");
  soon(PAUSE_MILLISECONDS);
});

pairs.addEventListener("change", () => {
  showPair();
  translate();
});

swap.addEventListener("click", () => {
  const translated = shown.map((one) => hypothesisOf(one.line)?.text ?? "").join("\n");
  pairs.selectedIndex = reversed();
  source.value = translated;
  showPair();
  translate();
});

copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(shown.map((one) => hypothesisOf(one.line)?.text ?? "").join("\n"));
  said.textContent = "Copied.";
});

translate();
source.focus();
