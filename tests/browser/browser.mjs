// A page in Chromium, and what a reader would notice of it.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

export const WIDE = { viewport: { width: 1280, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true };

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});

/** A browser, and the pages of one report in it. */
export async function reader(report, folder) {
  const address = pathToFileURL(path.resolve(report)).href;
  const browser = await launch();

  /** Opens the report; whatever it does that it must not do is collected in `wrong`. */
  async function open(options, hash = "") {
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
    page.on("framenavigated", (frame) => {
      if (frame !== page.mainFrame() || frame.url().split("#")[0] !== address) wrong.push(`frame: ${frame.url().slice(0, 200)}`);
    });
    await page.goto(address + (hash && `#${hash}`));
    return { page, wrong, close: () => context.close() };
  }

  /** Opens the report, does something with it, and holds it to have done nothing that it must not do. */
  async function look(options, hash, does) {
    const { page, wrong, close } = await open(options, hash);
    const told = await does(page);
    assert.deepEqual(wrong, []);
    await close();
    return told;
  }

  /** A picture of what is in view, or of the top of the page: a browser paints no more than some 16,000 lines. */
  async function screenshot(page, name, { tall = false } = {}) {
    const view = page.viewportSize();
    if (tall) {
      const whole = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ ...view, height: Math.max(view.height, Math.min(whole, 6000)) });
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

  return { address, browser, open, look, screenshot, colours, close: () => browser.close() };
}

export async function accessible(page, where) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const lines = violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(lines, [], `axe, ${where}`);
}

/** How much wider than the screen a page is, where it is. */
export const isWide = (page) => page.evaluate(() => {
  const root = document.documentElement;
  return root.scrollWidth > root.clientWidth ? `${root.scrollWidth} > ${root.clientWidth}` : "";
});

export const unfold = (page) => page.evaluate(() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
});

/** Waits until `holds` is true of the page. */
export const until = (page, holds, argument) => page.waitForFunction(holds, argument, { timeout: 5_000 });

/** Runs tests by name, and tells of each. Whether all held. */
export async function run(tests, what) {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok   ${what} ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${what} ${name}\n${error.message}`);
    }
  }
  return failed === 0;
}
