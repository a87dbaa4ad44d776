"use strict";
// Without this script the page shows everything that matters, one part after the other. With it, the parts are views,
// lists can be searched and filtered, and what is packed can be opened. Text becomes elements in one place only:
// `unpack`, whose text was escaped when the page was made; scripts and handlers in it would not run, by the page's policy.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  /** An element with attributes and children; what is `false` or empty is left out. */
  const make = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== false && value !== "") made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== false && child !== ""));
    return made;
  };

  /** What the page holds deflated and in Base64 under an id. */
  const inflate = async (id) => {
    const text = atob(document.getElementById(id).textContent);
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Response(stream).json();
  };

  const packs = new Map();
  /** The telling of a case, without the fold around it. */
  const unpack = async ([pack, index]) => {
    if (!packs.has(pack)) packs.set(pack, inflate(`pack-${pack}`));
    const template = document.createElement("template");
    template.innerHTML = (await packs.get(pack))[index];
    const fold = template.content.querySelector("details");
    fold.querySelector("summary").remove();
    return [...fold.childNodes];
  };

  /** Microseconds for people, in the words of the rest of the page. */
  const duration = (time) => {
    if (time < 1000) return `${time} µs`;
    if (time < 1e6) return `${Math.floor(time / 1000)} ms`;
    if (time < 6e7) return `${(time / 1e6).toFixed(2)} s`;
    return `${Math.floor(time / 6e7)} min ${Math.floor(time / 1e6) % 60} s`;
  };

