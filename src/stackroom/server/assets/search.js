// Results as one types, and the keys. Without it the page does the same when the form is sent.
"use strict";
const field = document.getElementById("query");
const results = document.getElementById("results");
const told = document.getElementById("told");
const TYPED_MS = 150; // after the last key
const REST_MS = 500; // before pictures are asked for: each is drawn by a process of its own
let asked = new AbortController();
let typed, rest;

async function search() {
  asked.abort(); // an answer that comes late is dropped
  asked = new AbortController();
  const { signal } = asked;
  const query = field.value.trim();
  const address = query ? "/?" + new URLSearchParams({ q: query }) : "/";
  try {
    const headers = { Accept: "text/html" }; // else no redirect comes, but status 401
    const answer = await fetch(address + (query ? "&" : "?") + "part=results", { signal, headers });
    if (answer.redirected) return location.assign(address); // to sign in again
    if (!answer.ok && answer.status !== 400) throw new Error(answer.status);
    const html = await answer.text();
    if (!signal.aborted) show(html, query, address);
  } catch (error) {
    if (error.name !== "AbortError") tell("The search did not answer. Press Enter to try again.", "note");
  }
}

function show(html, query, address) {
  const made = new DOMParser().parseFromString(html, "text/html").body;
  const pictures = [...made.querySelectorAll("img")];
  for (const picture of pictures) {
    picture.dataset.src = picture.getAttribute("src");
    picture.removeAttribute("src");
  }
  const open = results.querySelector(".choices")?.open;
  results.replaceChildren(...made.childNodes);
  if (open) results.querySelector(".choices")?.setAttribute("open", "");
  clearTimeout(rest);
  rest = setTimeout(() => pictures.forEach((picture) => (picture.src = picture.dataset.src)), REST_MS);
  history.replaceState(null, "", address);
  document.title = (query && query + " · ") + "Search · Stackroom";
  tell(document.getElementById("count").textContent, "hidden");
}

function tell(text, className) {
  told.textContent = text;
  told.className = className; // what went wrong is for everybody, how many were found stands there already
}

field.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(search, TYPED_MS);
});
field.form.addEventListener("submit", () => clearTimeout(typed));
if (document.activeElement === field) field.setSelectionRange(field.value.length, field.value.length);

// A picture that can't be drawn, or not now, leaves its place empty.
const hide = (picture) => picture.classList.add("missing");
results.addEventListener("error", (event) => hide(event.target), true);
for (const picture of results.querySelectorAll("img")) {
  if (picture.complete && picture.src && !picture.naturalWidth) hide(picture);
}

function walk(steps) {
  const titles = [...results.querySelectorAll(".title")];
  const here = titles.indexOf(document.activeElement.closest(".result")?.querySelector(".title"));
  const next = here + steps;
  if (next < 0) return toField();
  titles[Math.min(next, titles.length - 1)]?.focus();
}

function toField() {
  field.focus();
  field.select();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const there = document.activeElement;
  const writes = there.matches("input, textarea, select");
  const walks = there === field || there.closest(".result") || there === document.body;
  const steps = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (event.key === "Escape" && there !== field) toField();
  else if (event.key === "/" && !writes) toField();
  else if (steps && walks && !(writes && (event.key.length === 1 || steps < 0))) walk(steps);
  else return;
  event.preventDefault();
});
