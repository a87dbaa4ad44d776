"use strict";
// Without this script the page shows everything; with it, lists can be searched, filtered and folded.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  for (const form of all("form[data-filter]")) {
    const items = all(`[data-item="${form.dataset.filter}"]`);
    const texts = new Map();
    const search = form.querySelector("[data-search]");
    const output = form.querySelector("output");
    const boxes = all("[data-field]", form);
    const text = (item) => {
      if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
      return texts.get(item);
    };
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const off = boxes.filter((box) => !box.checked);
      let shown = 0;
      for (const item of items) {
        const hidden = off.some((box) => item.dataset[box.dataset.field] === box.value)
          || words.some((word) => !text(item).includes(word));
        item.hidden = hidden;
        if (!hidden) shown += 1;
      }
      output.textContent = shown === items.length ? `${shown} shown` : `${shown} of ${items.length} shown`;
    };
    // A box that would never change anything is only in the way.
    for (const box of boxes) {
      if (!items.some((item) => item.dataset[box.dataset.field] === box.value)) box.closest("label").remove();
    }
    let waiting = 0;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(apply, 60);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    apply();
  }

  for (const button of all("button[data-fold]")) {
    button.addEventListener("click", () => {
      const items = all(`[data-item="${button.dataset.fold}"]`);
      const open = items.some((item) => !item.open);
      for (const item of items) item.open = open;
      button.textContent = open ? "Close all" : "Open all";
    });
  }

  for (const pre of all("pre[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy the command");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(pre.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(pre);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    pre.after(button);
  }

  // A link to something folded or filtered away shows it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    target.hidden = false;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.querySelector("[data-filter=requirement] [data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  });

  // Paper cannot be unfolded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });
})();
