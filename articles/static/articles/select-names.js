// Names the fields that Select2 draws in place of a <select>: it leaves an empty one without a name.
"use strict";

window.addEventListener("load", () => {
  // Behind Django's own function, which draws them: jQuery may still hold that back at this moment.
  django.jQuery(() => {
    for (const label of document.querySelectorAll("label[for]")) {
      const drawn = document.getElementById(`select2-${label.htmlFor}-container`);
      if (drawn) {
        drawn.setAttribute("aria-label", label.textContent.trim());
      }
    }
  });
});
