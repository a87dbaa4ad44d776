// Opens an HTML report in Chromium and looks at it as a reader does. Usage: node report.mjs REPORT [SCREENSHOT_FOLDER]
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [report, folder] = process.argv.slice(2);
if (!report) {
  console.error("usage: node report.mjs REPORT.html [FOLDER_FOR_SCREENSHOTS]");
  process.exit(2);
}
const address = pathToFileURL(path.resolve(report)).href;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});

/** Opens the report; whatever it does that it must not do is collected in `wrong`. */
async function open(options) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wrong = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`script: ${error}`));
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== address) wrong.push(`request: ${request.url().slice(0, 200)}`);
  });
  await page.goto(address);
  return { page, wrong, close: () => context.close() };
}

/** A picture of what is in view, or of the top of the page: a browser paints no more than some 16,000 lines. */
async function screenshot(page, name, { tall = false } = {}) {
  const view = page.viewportSize();
  if (tall) {
    const whole = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ ...view, height: Math.min(whole, 6000) });
  }
  const png = await page.screenshot();
  await page.setViewportSize(view);
  if (folder) {
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, `${name}.png`), png);
  }
  return png;
}

/** How many colours a picture has: a page that was not painted has one. */
async function colours(shown, png) {
  const page = await browser.newPage();
  const number = await page.evaluate(async (data) => {
    const image = new Image();
    image.src = data;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    return new Set(new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer)).size;
  }, `data:image/png;base64,${png.toString("base64")}`);
  await page.close();
  await shown.bringToFront();
  return number;
}

async function accessible(page, where) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const lines = violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(lines, [], `axe, ${where}`);
}

const isWide = (page) => page.evaluate(() => {
  const root = document.documentElement;
  return root.scrollWidth > root.clientWidth ? `${root.scrollWidth} > ${root.clientWidth}` : "";
});

const tests = {
  async "is painted, asks nobody for anything, and says nothing on the console"() {
    const { page, wrong, close } = await open({ viewport: { width: 1280, height: 900 } });
    assert.match(await page.locator("h1").innerText(), /\w/);
    assert.ok(await colours(page, await screenshot(page, "top")) > 20, "the page is empty");
    assert.ok(await page.locator("form.tools").first().isVisible(), "the script did not run");
    const failure = page.locator(".case.is-fail, .case.is-error").first();
    if (await failure.count()) {
      await failure.evaluate((element) => element.scrollIntoView());
      const picture = await screenshot(page, "failure");
      assert.ok(await colours(page, picture) > 20, "the failure is empty");
      const text = await failure.innerText();
      assert.match(text, /(FAIL|ERROR)/);
    }
    for (const fold of await page.locator("details").all()) await fold.evaluate((element) => { element.open = true; });
    await page.waitForTimeout(200);
    await screenshot(page, "whole", { tall: true });
    assert.deepEqual(wrong, []);
    await close();
  },

  async "finds and filters requirements"() {
    const { page, wrong, close } = await open({ viewport: { width: 1280, height: 900 } });
    const rows = page.locator("tr[data-item=requirement]:visible");
    const all = await rows.count();
    if (all > 0) {
      const form = page.locator("form[data-filter=requirement]");
      const id = await rows.last().locator("th").evaluate((cell) => cell.closest("tr").id.slice(2));
      await page.keyboard.press("/");
      await page.keyboard.type(id);
      await page.waitForTimeout(200);
      const found = await rows.count();
      assert.ok(found >= 1 && found < all, `the search for ${id} leaves ${found} of ${all}`);
      assert.match(await form.locator("output").innerText(), new RegExp(`^${found} of ${all} `));
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.type("zzz nothing is called that");
      await page.waitForTimeout(200);
      assert.equal(await rows.count(), 0);
      await form.locator("[data-search]").fill("");
      await page.waitForTimeout(200);
      assert.equal(await rows.count(), all);
      const box = form.locator("[data-field=state]").first();
      const state = await box.getAttribute("value");
      const mine = await page.locator(`tr[data-state="${state}"]`).count();
      await box.uncheck();
      await page.waitForTimeout(200);
      assert.equal(await rows.count(), all - mine);
    }
    assert.deepEqual(wrong, []);
    await close();
  },

  async "finds, folds and links findings"() {
    const { page, wrong, close } = await open({ viewport: { width: 1280, height: 900 } });
    const cases = page.locator("details.case");
    if (await cases.count()) {
      const form = page.locator("form[data-filter=case]");
      const name = await cases.last().locator(".name").innerText();
      await form.locator("[data-search]").fill(name);
      await page.waitForTimeout(200);
      assert.ok(await page.locator("details.case:visible").count() >= 1);
      assert.equal(await cases.last().isVisible(), true);
      await form.locator("[data-search]").fill("zzz nothing is called that");
      await page.waitForTimeout(200);
      assert.equal(await page.locator("details.case:visible").count(), 0);
      const anchor = await cases.first().getAttribute("id");
      await page.evaluate((hash) => { location.hash = hash; }, anchor);
      await page.waitForTimeout(200);
      assert.equal(await cases.first().isVisible(), true, "a link does not bring back what was filtered away");
      assert.equal(await cases.first().evaluate((element) => element.open), true);
    }
    assert.deepEqual(wrong, []);
    await close();
  },

  async "fits a telephone"() {
    const { page, wrong, close } = await open({ viewport: { width: 390, height: 844 }, isMobile: true });
    assert.equal(await isWide(page), "", "folded");
    await screenshot(page, "phone");
    await page.evaluate(() => { for (const fold of document.querySelectorAll("details")) fold.open = true; });
    assert.equal(await isWide(page), "", "unfolded");
    await screenshot(page, "phone-whole", { tall: true });
    await accessible(page, "telephone");
    assert.deepEqual(wrong, []);
    await close();
  },

  async "is accessible, light and dark, folded and not"() {
    for (const colorScheme of ["light", "dark"]) {
      const { page, wrong, close } = await open({ viewport: { width: 1280, height: 900 }, colorScheme });
      await accessible(page, colorScheme);
      await page.evaluate(() => { for (const fold of document.querySelectorAll("details")) fold.open = true; });
      await screenshot(page, colorScheme, { tall: true });
      await accessible(page, `${colorScheme}, unfolded`);
      assert.deepEqual(wrong, []);
      await close();
    }
  },

  async "can be read without its script"() {
    const { page, close } = await open({ javaScriptEnabled: false });
    assert.match(await page.locator("h1").innerText(), /\w/);
    assert.equal(await page.locator("form.tools:visible").count(), 0);
    const rows = await page.locator("tr[data-item=requirement]").count();
    assert.equal(await page.locator("tr[data-item=requirement]:visible").count(), rows);
    await close();
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok   the report ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL the report ${name}\n${error.message}`);
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
