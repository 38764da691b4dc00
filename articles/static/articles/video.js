// Replaces a poster with its player when the reader asks for it; nothing loads before.
// Without this script the poster is a link to the video.
"use strict";

const play = (video) => {
  const frame = document.createElement("iframe");
  // Set all attributes before the frame is on the page: they take effect when it begins to load.
  for (const [name, value] of Object.entries(JSON.parse(video.dataset.frame))) {
    frame.setAttribute(name, value);
  }
  video.replaceChildren(video.querySelector(".video-shape"), frame);
  frame.focus();
};

for (const video of document.querySelectorAll(".video[data-frame]")) {
  const link = video.querySelector("a");
  const button = document.createElement("button");
  button.type = "button";
  button.className = link.className;
  button.append(...link.childNodes);
  button.querySelector(".video-host").textContent = video.dataset.playsFrom;
  button.addEventListener("click", () => play(video));
  link.replaceWith(button);
}
