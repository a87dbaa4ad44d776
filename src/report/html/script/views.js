  const views = all(".view");
  const bar = document.querySelector(".bar");
  // Where a browser can find text in what is hidden, it may.
  const hidden = "onbeforematch" in document.body ? "until-found" : "";

  const show = (view) => {
    for (const other of views) {
      if (other === view) other.removeAttribute("hidden");
      else other.setAttribute("hidden", hidden);
    }
    for (const link of all("a", bar)) {
      if (link.getAttribute("href") === `#${view.id}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    decorate(view);
  };

  const toTop = () => { if (scrollY > bar.offsetTop) scrollTo({ top: bar.offsetTop, behavior: "instant" }); };

  /** Goes where the address leads: to a view with its filters, or to something in a view, whatever hides it. */
  const go = async () => {
    const { anchor, query } = address();
    const target = anchor ? document.getElementById(anchor) : null;
    const view = target?.closest(".view");
    if (!target && anchor.startsWith("c-") && cases.open) {
      show(document.getElementById("cases"));
      if (await cases.open(anchor.slice(2))) return;
    }
    if (!view) {
      show(views[0]);
    } else if (view === target) {
      show(view);
      await lists[view.id]?.(query);
      toTop();
    } else {
      show(view);
      if (target.closest("[data-item]")?.hidden) lists[view.id](new URLSearchParams());
      for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
      target.scrollIntoView();
    }
  };

  if (views.length) {
    for (const view of views) view.addEventListener("beforematch", () => show(view));
    addEventListener("hashchange", async () => {
      await go();
      // Where a view begins, a reader who does not see it goes on reading.
      const heading = document.getElementById(address().anchor)?.querySelector(":scope > h2");
      if (heading) {
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true });
      }
    });
    go();
  } else {
    decorate(document);
  }
  document.documentElement.classList.add("ready");

  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.querySelector(".view:not([hidden]) input[type=search]")
      ?? document.querySelector("#requirements input[type=search]");
    if (!search || search.form.hidden) return;
    event.preventDefault();
    if (search.closest("[hidden]")) show(search.closest(".view"));
    search.focus();
  });

  const dark = matchMedia("(prefers-color-scheme: dark)");
  for (const button of all("[data-theme-switch]")) {
    const root = document.documentElement;
    const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
    const name = () => { button.textContent = isDark() ? "Light" : "Dark"; };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      name();
    });
    dark.addEventListener("change", name);
    name();
  }

  for (const button of all("[data-print]")) button.addEventListener("click", () => print());

  // Paper cannot be unfolded. What is told in full there is what the page shows without a script.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const fold of folded) fold.open = true;
    decorate(document);
  });
  addEventListener("afterprint", () => {
    for (const fold of folded) fold.open = false;
  });
})();
