// Labels the fields that Select2 draws in place of a <select>: it leaves empty ones without a label.
"use strict";

window.addEventListener("load", () => {
  // Run after Django's own function, which draws them; jQuery may still delay that one.
  django.jQuery(() => {
    for (const label of document.querySelectorAll("label[for]")) {
      const drawn = document.getElementById(`select2-${label.htmlFor}-container`);
      if (drawn) {
        drawn.setAttribute("aria-label", label.textContent.trim());
      }
    }
  });
});
