// Keys to turn pages and to search, and buttons that copy. The page works without any of it.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, pre")) return;
  const turned = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  const link = turned && document.querySelector(`a[rel=${turned}]`);
  if (link) {
    event.preventDefault();
    link.click();
  } else if (event.key === "/") {
    event.preventDefault();
    document.getElementById("inside").focus();
  }
});

// Without a secure context (https, or this machine) browsers let no page copy.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const said = document.getElementById("copied");
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
        said.textContent = "Copied.";
      } catch {
        said.textContent = "The browser did not let it be copied: select the text instead.";
      }
    });
  }
}
