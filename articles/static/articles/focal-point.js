/* The focal point of a picture: a click on it fills the two numbers, and they move the mark. Without
   script the numbers are typed. */

"use strict";

const picture = document.querySelector("[data-focus-picture]");
const form = document.querySelector("[data-focus-form]");

if (picture && form) {
  const mark = picture.querySelector("circle");
  const [x, y] = ["x", "y"].map((name) => form.elements.namedItem(name));

  const show = () => {
    if (x.validity.valid && y.validity.valid && x.value && y.value) {
      mark.setAttribute("cx", `${x.value}%`);
      mark.setAttribute("cy", `${y.value}%`);
    }
  };

  const percent = (part, whole) => Math.max(0, Math.min(100, Math.round((100 * part) / whole)));

  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    x.value = percent(event.clientX - box.left, box.width);
    y.value = percent(event.clientY - box.top, box.height);
    show();
  });
  x.addEventListener("input", show);
  y.addEventListener("input", show);
  picture.classList.add("is-clickable");
  form.querySelector("[data-focus-help]").hidden = false;
  show();
}
