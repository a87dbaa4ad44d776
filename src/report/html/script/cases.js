  // The list of all cases. Only so much of it is made as somebody has scrolled to.
  const cases = (() => {
    const PORTION = 100;
    const form = document.querySelector("form[data-cases]");
    const list = document.querySelector("ol.rows");
    let data;
    let loading;

    const load = () => {
      loading ??= inflate("rows").then((read) => {
        data = read;
        return new Map(data.rows.map((row) => [row.id, row]));
      });
      return loading;
    };
    if (!form) return { load };

    const output = form.querySelector("output");
    const narrowed = form.querySelector(".narrowed");
    const end = make("li", { class: "end" });
    let rest = [];
    let extra = new URLSearchParams();

    const text = (row) => {
      row.text ??= [row.id, row.title, row.place, row.reason ?? "", ...row.rules, ...(row.found ?? []).flat()]
        .join("\n").toLowerCase();
      return row.text;
    };

    const links = (names, anchor) => names.flatMap((name, index) => [
      index ? ", " : "", make("a", { href: `#${anchor}${name}` }, name)]);

    /** What a case that is not told in full has to say. */
    const story = (row) => {
      const parts = [];
      for (const why of row.known ?? []) parts.push(make("p", { class: "reason" }, `Known: ${why}`));
      if (row.reason) parts.push(make("p", { class: "reason" }, row.reason));
      for (const [label, rule, message] of row.found ?? []) {
        parts.push(make("p", { class: "found" }, make("span", { class: "badge is-warning" }, label), " ",
          rule ? make("a", { href: `#r-${rule}` }, rule) : "", ` ${message}`));
      }
      const steps = make("ol", { class: "brief" });
      for (const step of row.steps) {
        steps.append(make("li", {}, make("span", { class: "number" }, step.name), ` ${step.title}`,
          step.verdict === "pass" ? "" : make("span", { class: `badge is-${step.verdict}` }, step.verdict)));
      }
      if (row.steps.length) parts.push(steps);
      return parts;
    };

    const filled = new WeakSet();
    /** Puts the story of a row into it, once. */
    const fillRow = async (row, body) => {
      if (filled.has(body)) return;
      filled.add(body);
      const where = [`${row.place} · ${duration(row.took)}`];
      if (row.rules.length) where.push(" · cites ", ...links(row.rules, "r-"));
      if (row.packed) {
        body.append(make("h3", { class: "unseen" }, row.title), ...await unpack(row.packed));
      } else {
        body.append(make("p", { class: "where" }, ...where));
        if (row.told) body.append(make("p", {}, make("a", { href: `#c-${row.id}` }, "Told in full under Findings")));
        body.append(...story(row));
        if (row.steps.length) body.append(make("div", { class: "waterfall", "data-case": row.id }));
      }
      decorate(body);
    };

    const element = (row) => {
      const body = make("div", { class: "body" });
      const fold = make("details", { class: `case is-${row.verdict}`, "data-id": row.id },
        make("summary", {}, make("span", { class: `badge is-${row.verdict}` }, row.label), " ",
          make("span", { class: "name" }, row.id), " ",
          row.known ? make("span", { class: "badge is-note" }, "KNOWN") : "", " ", make("span", { class: "title" }, row.title), " ",
          make("span", { class: "aside" }, row.took ? duration(row.took) : "")), body);
      fold.addEventListener("toggle", () => { if (fold.open) fillRow(row, body); });
      return make("li", {}, fold);
    };

    const more = () => {
      end.before(...rest.splice(0, PORTION).map(element));
      end.hidden = rest.length === 0;
    };
    new IntersectionObserver((seen) => { if (seen.some((it) => it.isIntersecting)) more(); }, { rootMargin: "600px" })
      .observe(end);

    const ORDERS = {
      slowest: (a, b) => b.took - a.took,
      name: (a, b) => (a.id < b.id ? -1 : 1),
    };

    const chosen = () => new URLSearchParams([...read(form), ...extra]);

    const apply = async () => {
      await load();
      const query = chosen();
      const wanted = words(query);
      const verdicts = query.getAll("verdict");
      const suite = data.suites.indexOf(query.get("suite"));
      const found = query.get("found");
      const rule = query.get("rule");
      rest = data.rows.filter((row) => (!verdicts.length || verdicts.includes(row.verdict))
        && (!query.has("known") || (query.get("known") === "yes") === Boolean(row.known))
        && (suite < 0 || row.suite === suite)
        && (rule === null || row.rules.includes(rule) || (row.found ?? []).some((it) => it[1] === rule))
        && (found === null || (row.found ?? []).some((it) => it[1] === found))
        && wanted.every((word) => text(row).includes(word)));
      const order = ORDERS[query.get("order")];
      if (order) rest.sort(order);
      output.textContent = told(rest.length, data.rows.length);
      narrowed.hidden = found === null && rule === null;
      narrowed.firstElementChild.textContent = found === null ? `Cases under ${rule}` : `Cases in which ${found} was found`;
      list.replaceChildren(end);
      more();
    };

    lists.cases = (query) => {
      fill(form, query);
      extra = new URLSearchParams([...query].filter(([name]) => name === "found" || name === "rule"));
      return apply();
    };
    onInput(form, () => {
      apply();
      remember("cases", chosen());
    });
    narrowed.querySelector("button").addEventListener("click", () => {
      extra = new URLSearchParams();
      remember("cases", chosen());
      apply();
    });

    /** Shows one case in the list, opened. Whether there is one. */
    const open = async (id) => {
      const row = (await load()).get(id);
      if (!row) return false;
      await lists.cases(new URLSearchParams());
      const at = rest.indexOf(row);
      if (at >= 0) end.before(...rest.splice(0, at + 1).map(element));
      const fold = all("details[data-id]", list).find((it) => it.dataset.id === id);
      fold.open = true;
      await fillRow(row, fold.querySelector(".body"));
      fold.scrollIntoView();
      fold.querySelector("summary").focus({ preventScroll: true });
      return true;
    };
    return { load, open };
  })();

