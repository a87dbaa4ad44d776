// Opens an HTML report in Chromium and looks at it as a reader does. Usage: node report.mjs REPORT [SCREENSHOT_FOLDER]
import assert from "node:assert/strict";
import process from "node:process";
import { PHONE, WIDE, accessible, isWide, reader, run, unfold, until } from "./browser.mjs";

const [report, folder] = process.argv.slice(2);
if (!report) {
  console.error("usage: node report.mjs REPORT.html [FOLDER_FOR_SCREENSHOTS]");
  process.exit(2);
}
const { browser, open, look, screenshot, colours, close } = await reader(report, folder);
const VIEWS = ["summary", "findings", "requirements", "cases", "timings", "not-checked", "environment"];

const shown = (page) => page.locator(".view:not([hidden])").evaluateAll((views) => views.map((view) => view.id));
const visible = (page, selector) => page.locator(selector).filter({ visible: true }).count();
const hashOf = (page) => page.evaluate(() => location.hash);

const tests = {
  "is painted, asks nobody for anything, and says nothing on the console": () => look(WIDE, "", async (page) => {
    assert.match(await page.locator("h1").innerText(), /\w/);
    assert.ok(await colours(page, await screenshot(page, "top")) > 20, "the page is empty");
    assert.deepEqual(await shown(page), ["summary"], "the script did not run");
  }),

  "has a view for each question, and an address for each view": () => look(WIDE, "", async (page) => {
    for (const view of VIEWS) {
      await page.locator(`.bar a[href="#${view}"]`).click();
      await until(page, (id) => !document.getElementById(id).hidden, view);
      assert.deepEqual(await shown(page), [view]);
      assert.equal(await page.locator(".bar a[aria-current=page]").innerText(), await page.locator(`.bar a[href="#${view}"]`).innerText());
      assert.equal(await hashOf(page), `#${view}`);
      await page.waitForTimeout(200);
      assert.equal(await isWide(page), "", view);
      await screenshot(page, `view-${view}`, { tall: true });
    }
    await page.goBack();
    await until(page, () => !document.getElementById("not-checked").hidden);
    assert.deepEqual(await shown(page), ["not-checked"], "the way back");
  }),

  "is found by the browser's own search, whatever view is open": () => look(WIDE, "", async (page) => {
    const supported = await page.evaluate(() => "onbeforematch" in document.body);
    if (supported) assert.equal(await page.locator("#environment").getAttribute("hidden"), "until-found");
  }),

  "finds and filters requirements": () => look(WIDE, "requirements", async (page) => {
    const rows = "tr[data-item=requirement]";
    const all = await visible(page, rows);
    if (all === 0) return;
    const form = page.locator("form[data-filter=requirement]");
    const id = await page.locator(rows).last().evaluate((row) => row.id.slice(2));
    await page.keyboard.press("/");
    await page.keyboard.type(id);
    await page.waitForTimeout(200);
    const found = await visible(page, rows);
    assert.ok(found >= 1 && found < all, `the search for ${id} leaves ${found} of ${all}`);
    assert.match(await form.locator("output").innerText(), new RegExp(`^${found} of ${all} `));
    assert.equal(await hashOf(page), `#requirements?q=${id}`);
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("zzz nothing is called that");
    await page.waitForTimeout(200);
    assert.equal(await visible(page, rows), 0);
    await form.locator("[name=q]").fill("");
    const box = form.locator("[name=state]").first();
    const state = await box.getAttribute("value");
    await box.check();
    await page.waitForTimeout(200);
    assert.equal(await visible(page, rows), await page.locator(`tr[data-state="${state}"]`).count());
    await page.reload();
    assert.equal(await visible(page, rows), await page.locator(`tr[data-state="${state}"]`).count(), "the address forgot the filter");
    assert.ok(await form.locator("[name=state]").first().isChecked());
  }),

  "leads from a field of the picture to the requirements behind it": () => look(WIDE, "", async (page) => {
    const field = page.locator(".field").first();
    if (await field.count() === 0) return;
    const total = Number((await field.locator(".of").innerText()).slice(1));
    assert.equal(await field.locator(".square").count(), total);
    await field.click();
    await until(page, () => !document.getElementById("requirements").hidden);
    assert.equal(await visible(page, "tr[data-item=requirement]"), total);
  }),

  "tells every finding, with what was sent and answered": () => look(WIDE, "findings", async (page) => {
    const fold = page.locator("#findings details.case").first();
    if (await fold.count() === 0) return;
    assert.match(await fold.innerText(), /(FAIL|ERROR|WARN)/);
    assert.ok(await fold.evaluate((element) => element.open));
    assert.match(await fold.locator(".curl pre").last().innerText(), /^fhir-assay run /);
    await page.waitForTimeout(300);
    assert.ok(await colours(page, await screenshot(page, "finding")) > 20, "the finding is empty");
    const groups = await visible(page, ".group[data-item]");
    if (groups < 2) return;
    const last = page.locator(".group[data-item]").last();
    const rule = await last.locator(".rule-name a").first().innerText().catch(() => "");
    await page.locator("#findings [name=q]").fill(rule);
    await page.waitForTimeout(200);
    assert.ok(await last.isVisible());
    await page.locator("#findings [name=q]").fill("zzz nothing is called that");
    await page.waitForTimeout(200);
    assert.equal(await visible(page, ".group[data-item]"), 0);
    // A link brings back what was filtered away, and unfolds it.
    const id = await fold.getAttribute("id");
    await page.evaluate((hash) => { location.hash = hash; }, id);
    await until(page, (hash) => document.getElementById(hash).checkVisibility(), id);
  }),

  "lists all cases, and opens each": () => look(WIDE, "cases", async (page) => {
    await until(page, () => /shown/.test(document.querySelector("#cases output").textContent));
    const total = Number((await page.locator("#cases output").innerText()).split(" ")[0]);
    assert.equal(total, Number((await page.locator("#cases .lead").innerText()).match(/[\d,]+/)[0].replaceAll(",", "")));
    if (total === 0) return;
    const first = page.locator("#cases details.case").first();
    await first.locator("summary").click();
    await until(page, () => document.querySelector("#cases details[open] .body").childNodes.length > 0);
    await page.locator("#cases [name=order]").selectOption("name");
    await page.waitForTimeout(200);
    assert.match(await hashOf(page), /^#cases\?.*order=name/);
    const names = await page.locator("#cases .name").allTextContents();
    assert.deepEqual(names, [...names].sort());
    const id = names[Math.floor(names.length / 2)];
    await page.locator("#cases [name=q]").fill(id);
    await page.waitForTimeout(200);
    assert.ok((await page.locator("#cases .name").allTextContents()).includes(id));
  }),

  "opens any case by its address": async () => {
    const ids = await look(WIDE, "cases", async (page) => {
      await page.waitForTimeout(300);
      return page.locator("#cases .name").allTextContents();
    });
    for (const id of [ids[0], ids.at(-1)].filter(Boolean)) {
      await look(WIDE, `c-${encodeURIComponent(id)}`, async (page) => {
        await until(page, (name) => [...document.querySelectorAll("details.case[open] .name")]
          .some((it) => it.textContent === name && it.checkVisibility()), id);
      });
    }
  },

  "draws the time of a case": () => look(WIDE, "findings", async (page) => {
    if (await page.locator("#findings .waterfall").count() === 0) return;
    await until(page, () => document.querySelectorAll("#findings .fall rect").length > 1);
  }),

  "fits a telephone": () => look(PHONE, "", async (page) => {
    await screenshot(page, "phone");
    for (const view of VIEWS) {
      await page.evaluate((hash) => { location.hash = hash; }, view);
      await page.waitForTimeout(300);
      assert.equal(await isWide(page), "", `${view}, folded`);
      await unfold(page);
      await page.waitForTimeout(200);
      assert.equal(await isWide(page), "", `${view}, unfolded`);
      await screenshot(page, `phone-${view}`, { tall: true });
      await accessible(page, `telephone, ${view}`);
    }
  }),

  "is accessible in every view, light and dark, folded and not": async () => {
    for (const colorScheme of ["light", "dark"]) {
      for (const view of VIEWS) {
        await look({ ...WIDE, colorScheme }, view, async (page) => {
          await page.waitForTimeout(200);
          await accessible(page, `${colorScheme}, ${view}`);
          await unfold(page);
          await page.waitForTimeout(300);
          if (colorScheme === "dark") await screenshot(page, `dark-${view}`, { tall: true });
          await accessible(page, `${colorScheme}, ${view}, unfolded`);
        });
      }
    }
  },

  "can be read by keyboard alone": () => look(WIDE, "", async (page) => {
    await page.keyboard.press("Tab");
    assert.match(await page.locator(":focus").innerText(), /^Skip/);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    assert.equal(await page.locator(":focus").getAttribute("href"), "#findings");
    await page.keyboard.press("Enter");
    await until(page, () => document.activeElement.id === "findings-title");
    assert.deepEqual(await shown(page), ["findings"]);
  }),

  "changes between light and dark": () => look({ ...WIDE, colorScheme: "light" }, "", async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.locator("[data-theme-switch]").click();
    assert.notEqual(await paper(), light);
    await page.locator("[data-theme-switch]").click();
    assert.equal(await paper(), light);
  }),

  "can be printed whole, light and without controls": () => look({ ...WIDE, colorScheme: "dark" }, "", async (page) => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const views = await page.locator(".view").evaluateAll((all) => all.filter((view) => view.checkVisibility({ contentVisibilityAuto: true })).map((view) => view.id));
    assert.deepEqual(views, VIEWS.filter((view) => view !== "cases"));
    assert.equal(await visible(page, ".bar, .tools"), 0);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    const pdf = await page.pdf({ format: "A4" });
    assert.ok(pdf.length > 20_000, `${pdf.length} bytes`);
  }),

  "can be read without its script": async () => {
    const { page, close: leave } = await open({ ...WIDE, javaScriptEnabled: false });
    assert.match(await page.locator("h1").innerText(), /\w/);
    assert.equal(await visible(page, "form.tools"), 0);
    assert.equal(await visible(page, "tr[data-item=requirement]"), await page.locator("tr[data-item=requirement]").count());
    assert.equal(await visible(page, ".group[data-item]"), await page.locator(".group[data-item]").count());
    assert.match(await page.locator("body").innerText(), /Scripts are off/);
    await leave();
  },

  "runs nothing but its own script": () => look(WIDE, "", async (page) => {
    const policy = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+' 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/);
    const allowed = ["IFRAME", "OBJECT", "EMBED", "IMG", "LINK", "BASE", "VIDEO", "AUDIO"];
    for (const view of ["findings", "cases"]) {
      await page.evaluate((hash) => { location.hash = hash; }, view);
      await page.waitForTimeout(300);
      await unfold(page);
      await page.waitForTimeout(300);
    }
    const odd = await page.evaluate((names) => [...document.querySelectorAll("*")].filter((element) => names.includes(element.tagName)
      || [...element.attributes].some(({ name, value }) => name.startsWith("on") || name === "style" || /^\s*javascript:/i.test(value)))
      .map((element) => element.outerHTML.slice(0, 100)), allowed);
    assert.deepEqual(odd, []);
  }),
};

const good = await run(tests, "the report");
await close();
process.exit(good && browser ? 0 : 1);
