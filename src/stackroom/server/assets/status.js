// Shows how far the indexer is while the page is open, and loads the rest again when a run begins or ends.
"use strict";
(() => {
  const work = document.getElementById("work");
  const headline = document.getElementById("headline");
  const detail = document.getElementById("detail");
  const percent = document.getElementById("percent");
  const again = document.getElementById("again");
  let state = work.dataset.state;

  async function loadRest() {
    const answer = await fetch("/status");
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("rest");
    const old = document.getElementById("rest");
    if (!fresh || !old) return;
    if (old.contains(document.activeElement)) { again.hidden = false; return; } // not under somebody's hands
    for (const list of old.querySelectorAll("details")) {
      const same = fresh.querySelector(`#${CSS.escape(list.id)}`);
      if (same) same.open = list.open;
    }
    old.replaceWith(document.adoptNode(fresh));
  }

  const events = new EventSource(work.dataset.events);
  events.onopen = () => { again.hidden = true; };
  events.onerror = () => { again.hidden = false; };
  events.onmessage = (event) => {
    const now = JSON.parse(event.data);
    // Only what changes: a screen reader says the headline each time that it is written.
    if (headline.textContent !== now.headline) headline.textContent = now.headline;
    detail.textContent = now.detail;
    percent.hidden = now.percent === null;
    percent.value = now.percent ?? 0;
    if (now.state !== state) {
      state = now.state;
      loadRest().catch(() => { again.hidden = false; });
    }
  };
})();
