/* Speeds up the policy's pages; without it their buttons do the same. */
"use strict";

// A preview takes a while: say so, and prevent a second start.
for (const form of document.querySelectorAll("form[data-policy-busy]")) {
  const button = form.querySelector("button");
  const status = form.querySelector("[role=status]");
  const words = status.textContent;
  form.addEventListener("submit", () => {
    button.disabled = true;
    status.textContent = form.dataset.policyBusy;
  });
  // The page was restored from the browser's back/forward cache.
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    status.textContent = words;
  });
}

// Press "Continue" again and again until the policy has reached all articles.
const progress = document.querySelector("form[data-policy-progress]");
if (progress) {
  const bar = document.getElementById("policy-progress");
  const percent = document.getElementById("policy-percent");
  const button = progress.querySelector("button");
  const status = progress.querySelector("[role=status]");

  const carryOn = async () => {
    button.disabled = true;
    status.textContent = "Going on…";
    try {
      for (;;) {
        const response = await fetch(progress.action, {
          method: "POST",
          body: new FormData(progress),
          headers: { Accept: "application/json" },
        });
        if (!response.ok || response.redirected) {
          throw new Error(String(response.status));
        }
        const found = await response.json();
        bar.value = found.percent;
        percent.textContent = `${found.percent} %`;
        if (found.finished) {
          window.location.reload();
          return;
        }
      }
    } catch {
      button.disabled = false;
      status.textContent = "Interrupted. What was done is kept; continue when you like.";
    }
  };

  progress.addEventListener("submit", (event) => {
    event.preventDefault();
    carryOn();
  });
  carryOn();
}
