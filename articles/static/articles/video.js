// Puts a player in the place of its poster once the reader asks for it; nothing of it loads before.
// Without this a poster is a link to where the video is.
"use strict";

const play = (video) => {
  const frame = document.createElement("iframe");
  // All of them before it is on the page: what it may do is settled when it begins to load.
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
