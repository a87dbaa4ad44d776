  const drawn = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  /** A picture of the time of a case: each exchange is a bar, lighter while nothing has come yet. */
  const waterfall = (row) => {
    const sent = row.steps.flatMap((step) => (step.sent ?? []).map((exchange) => ({ step, exchange })));
    if (!sent.length) return false;
    const end = Math.max(1, ...sent.map(({ exchange: [, , at, , total] }) => at + total));
    const list = make("ol", { class: "fall", "aria-label": "Requests in time" });
    for (const { step, exchange: [request, status, at, first, total] } of sent) {
      const scale = (time) => Math.round((time * 10000) / end) / 10;
      const svg = drawn("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true" });
      svg.append(
        drawn("rect", { class: "wait", x: scale(at), width: Math.max(2, scale(first)), height: 10 }),
        drawn("rect", { class: "load", x: scale(at + first), width: Math.max(1, scale(total - first)), height: 10 }),
      );
      list.append(make("li", { class: `is-${step.verdict}` },
        make("span", { class: "request" }, make("span", { class: "number" }, step.name), ` ${request}`),
        make("span", { class: "aside" }, `${status}`), svg, make("span", { class: "aside" }, duration(total))));
    }
    return list;
  };

  const copies = new WeakSet();
  /** Gives a part of the page what only the script can: buttons to copy, and pictures of time. */
  const decorate = (root) => {
    for (const pre of all("pre[data-copy]", root)) {
      if (copies.has(pre)) continue;
      copies.add(pre);
      const button = make("button", { type: "button", "aria-label": "Copy the command" }, "Copy");
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
    const empty = all(".waterfall[data-case]:empty", root);
    if (!empty.length) return;
    cases.load().then((known) => {
      for (const place of empty) {
        const row = known.get(place.dataset.case);
        const picture = row && waterfall(row);
        if (picture) place.replaceChildren(picture);
      }
    });
  };

