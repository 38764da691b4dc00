/* Renews the state of a pending import. Without this script the page reloads itself. */
"use strict";

const INTERVAL = 1500;

const renew = async () => {
  try {
    const response = await fetch(window.location.href);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const before = document.getElementById("import-state");
    const now = page.getElementById("import-state");
    if (!now || !("pending" in now.dataset)) {
      window.location.reload();
      return;
    }
    // A button keeps the focus, and a screen reader hears nothing, while nothing changes.
    if (now.innerHTML.replace(/value="[^"]{64}"/g, "") !== before.dataset.seen) {
      before.dataset.seen = now.innerHTML.replace(/value="[^"]{64}"/g, "");
      const focused = before.contains(document.activeElement);
      before.replaceChildren(...now.childNodes);
      if (focused) {
        before.querySelector("button")?.focus();
      }
    }
  } catch {
    // The server does not answer: ask again.
  }
  setTimeout(renew, INTERVAL);
};

setTimeout(renew, INTERVAL);
