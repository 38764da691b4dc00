// Triage by keyboard, with the next article loaded ahead. The page works without this script: every
// decision is a button of a form and every step a link. After an error the script uses those.
"use strict";

(() => {
  const current = () => document.getElementById("triage");
  const help = document.getElementById("triage-help");
  if (!current() || !window.fetch || !window.DOMParser) {
    return;
  }

  let ready = { url: "", page: null, loading: null };
  let isBusy = false;
  // The key pressed while a decision is being sent; it takes effect after the answer.
  let pending = null;

  async function read(request) {
    const response = await request;
    if (!response.ok) {
      return null;
    }
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    const part = parsed.getElementById("triage");
    return part && { part: document.importNode(part, true), title: parsed.title };
  }

  function fetchAhead() {
    const url = current().dataset.next || "";
    const ahead = { url, page: null, loading: null };
    ready = ahead;
    if (url) {
      ahead.loading = read(fetch(url, { credentials: "same-origin" })).then(
        (page) => (ahead.page = page),
        () => null,
      );
    }
  }

  function prepare() {
    const button = current().querySelector("[data-key='?']");
    if (button && help.showModal) {
      button.hidden = false;
    }
  }

  // Replace the current article with a page. Text typed for the same article stays.
  function show(page, isFinal) {
    const old = current();
    const box = old.querySelector(".triage-bar [name=quality]");
    const isSame = Boolean(page.part.dataset.article)
      && old.dataset.article === page.part.dataset.article;
    const typed = isSame && box ? box.value : "";
    const wasTyping = isSame && document.activeElement === box;
    old.replaceWith(page.part);
    document.title = page.title;
    window.history.replaceState(null, "", page.part.dataset.here);
    const newBox = page.part.querySelector(".triage-bar [name=quality]");
    if (newBox && typed && !newBox.value) {
      newBox.value = typed;
    }
    if (wasTyping && newBox) {
      newBox.focus();
    } else if (!isSame || document.activeElement === document.body) {
      page.part.querySelector("[data-focus]")?.focus({ preventScroll: true });
    }
    if (!isSame) {
      window.scrollTo(0, 0);
    }
    prepare();
    if (isFinal) {
      fetchAhead();
    }
  }

  function finish() {
    isBusy = false;
    const next = pending;
    pending = null;
    // Only for the article that was shown when the key was pressed.
    if (next && next.article === current().dataset.article) {
      next.act();
    }
  }

  // Submit a form without script.
  function fallBack(form, button) {
    const meant = document.createElement("input");
    Object.assign(meant, { type: "hidden", name: button?.name || "", value: button?.value || "" });
    form.append(meant);
    form.hidden = true;
    document.body.append(form);
    form.submit();
  }

  async function send(form, button) {
    const body = new URLSearchParams(new FormData(form));
    if (button?.name) {
      body.append(button.name, button.value);
    }
    isBusy = true;
    const isDecision = form.matches(".triage-bar, .triage-take");
    const answer = read(
      fetch(form.action, { method: "POST", body, credentials: "same-origin", keepalive: true }),
    ).catch(() => null);
    if (isDecision && ready.page) {
      show(ready.page, false);
    }
    current().setAttribute("aria-busy", "true");
    const page = await answer;
    if (!page) {
      fallBack(form, button);
      return;
    }
    show(page, true);
    finish();
  }

  async function go(link) {
    isBusy = true;
    const page = link.getAttribute("href") === ready.url && (await ready.loading)
      || (await read(fetch(link.href, { credentials: "same-origin" })).catch(() => null));
    if (!page) {
      window.location.assign(link.href);
      return;
    }
    show(page, true);
    finish();
  }

  // Act now, or after the answer to the last decision.
  function soon(selector, act) {
    const article = current().dataset.article;
    const doIt = () => {
      const element = current().querySelector(selector);
      if (element) {
        act(element);
      }
    };
    if (isBusy) {
      pending = { article, act: doIt };
    } else {
      doIt();
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!current().contains(form) || form.method !== "post") {
      return;
    }
    event.preventDefault();
    const button = event.submitter || form.querySelector("button");
    const selector = button?.name
      ? `[name="${button.name}"][value="${button.value}"]`
      : ".triage-last button";
    soon(selector, (element) => send(element.form, element));
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("#triage a[data-key]");
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (link && isPlain && !event.altKey) {
      event.preventDefault();
      soon(`a[data-key="${link.dataset.key}"]`, go);
    } else if (event.target.closest("[data-key='?']")) {
      help.showModal();
    }
  });

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) {
      return;
    }
    if (key === "Escape" && target.name === "quality") {
      target.value = "";
      target.blur();
      return;
    }
    if (target.isContentEditable || target.matches("input, textarea, select")) {
      return;
    }
    const box = current().querySelector(".triage-bar [name=quality]");
    if (/^[0-9]$/.test(key) && box) {
      // The first digit; the box then has the focus and takes the others.
      event.preventDefault();
      box.focus();
      box.value = key;
    } else if (key.length === 1 && !event.repeat) {
      // With Caps Lock on, a letter without Shift is a capital.
      const meant = event.shiftKey ? key : key.toLowerCase();
      const element = current().querySelector(`[data-key="${CSS.escape(meant)}"]`);
      if (element) {
        event.preventDefault();
        element.click();
      }
    }
  });

  prepare();
  fetchAhead();
})();
