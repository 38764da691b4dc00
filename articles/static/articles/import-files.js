/* Says before sending that files are too large, and afterward that they are being sent. */
"use strict";

const form = document.querySelector("form[data-import-files]");
const input = form.querySelector("input[type=file]");
const button = form.querySelector("button[type=submit]");
const status = form.querySelector("[role=status]");

input.addEventListener("change", () => {
  const bytes = [...input.files].reduce((sum, file) => sum + file.size, 0);
  const most = Number(input.dataset.mostBytes);
  input.setCustomValidity(bytes > most ? "These files have more than 1 GB. Send fewer at once." : "");
  input.reportValidity();
});

form.addEventListener("submit", () => {
  button.disabled = true;
  status.textContent = "Uploading…";
});

// The page was restored from the browser's back/forward cache.
window.addEventListener("pageshow", () => {
  button.disabled = false;
  status.textContent = "";
});
