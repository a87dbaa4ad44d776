  // What is in the address: `#view?filter=value`, or `#anchor`.
  const address = () => {
    const hash = location.hash.slice(1);
    const cut = hash.indexOf("?");
    let anchor = cut < 0 ? hash : hash.slice(0, cut);
    try { anchor = decodeURIComponent(anchor); } catch { /* then it is the name of something else, or of nothing */ }
    return { anchor, query: new URLSearchParams(cut < 0 ? "" : hash.slice(cut + 1)) };
  };

  const remember = (anchor, query) => {
    const text = query.toString();
    history.replaceState(null, "", text ? `#${anchor}?${text}` : `#${anchor}`);
  };

  /** The filters of a form, without those that filter nothing. */
  const read = (form) => {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value) query.append(name, value);
    return query;
  };

  const fill = (form, query) => {
    for (const field of form.elements) {
      if (field.type === "checkbox") field.checked = query.getAll(field.name).includes(field.value);
      else if (field.name) field.value = query.get(field.name) ?? "";
    }
  };

  const words = (query) => (query.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);

  /** Calls back when somebody has changed a form and pauses. */
  const onInput = (form, changed) => {
    let waiting = 0;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(changed, 60);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
  };

  const told = (shown, of) => (shown === of ? `${shown} shown` : `${shown} of ${of} shown`);

  /** The lists that can be filtered, by the view that they are in: each takes the query of an address. */
  const lists = {};

  for (const form of all("form[data-filter]")) {
    const items = all(`[data-item="${form.dataset.filter}"]`);
    const view = form.closest(".view").id;
    const output = form.querySelector("output");
    const texts = new Map();
    const text = (item) => {
      if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
      return texts.get(item);
    };
    const apply = (query) => {
      const wanted = words(query);
      const names = [...new Set(query.keys())].filter((name) => name !== "q");
      let shown = 0;
      for (const item of items) {
        item.hidden = names.some((name) => !query.getAll(name).includes(item.dataset[name]))
          || wanted.some((word) => !text(item).includes(word));
        if (!item.hidden) shown += 1;
      }
      output.textContent = told(shown, items.length);
    };
    // A box that would never change anything is only in the way.
    for (const box of all("input[type=checkbox]", form)) {
      if (!items.some((item) => item.dataset[box.name] === box.value)) box.closest("label").remove();
    }
    lists[view] = (query) => {
      fill(form, query);
      apply(read(form));
    };
    onInput(form, () => {
      apply(read(form));
      remember(view, read(form));
    });
    form.hidden = items.length < 2;
    apply(new URLSearchParams());
  }

  for (const button of all("button[data-fold]")) {
    button.addEventListener("click", () => {
      const folds = all("details.case", button.closest(".view"));
      const open = folds.some((fold) => !fold.open);
      for (const fold of folds) fold.open = open;
      button.textContent = open ? "Close all" : "Open all";
    });
  }

