// Opens a report of thousands of cases and holds it to its budget. Usage: node large.mjs REPORT [SCREENSHOT_FOLDER]
import assert from "node:assert/strict";
import process from "node:process";
import { WIDE, reader, run, until } from "./browser.mjs";

const [report, folder] = process.argv.slice(2);
if (!report) {
  console.error("usage: node large.mjs REPORT.html [FOLDER_FOR_SCREENSHOTS]");
  process.exit(2);
}
/** A machine that is busy with other things is no reason to fail: the best of so many. */
const TRIES = 3;
const { look, screenshot, close } = await reader(report, folder);

const best = async (measure) => {
  const times = [];
  for (let at = 0; at < TRIES; at += 1) times.push(await measure());
  return Math.min(...times);
};

/** From the beginning of the navigation to the first paint with content, in milliseconds. */
const firstPaint = (hash) => look(WIDE, hash, async (page) => {
  await until(page, () => performance.getEntriesByName("first-contentful-paint").length > 0);
  return page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
});

const tests = {
  "is painted within a second": async () => {
    for (const hash of ["", "findings", "cases"]) {
      const time = await best(() => firstPaint(hash));
      console.log(`     first paint of #${hash}: ${Math.round(time)} ms`);
      assert.ok(time < 1000, `${time} ms`);
    }
  },

  "can be used within a second": async () => {
    const time = await best(() => look(WIDE, "cases", async (page) => {
      await until(page, () => document.querySelectorAll("#cases details").length > 0);
      return page.evaluate(() => performance.now());
    }));
    console.log(`     the list of cases: ${Math.round(time)} ms`);
    assert.ok(time < 2000, `${time} ms`);
  },

  "makes only what is in sight": () => look(WIDE, "cases", async (page) => {
    await until(page, () => document.querySelectorAll("#cases details").length > 0);
    const total = Number((await page.locator("#cases output").innerText()).split(" ")[0]);
    assert.ok(total >= 5000, `${total} cases`);
    const made = () => page.locator("#cases details").count();
    const first = await made();
    assert.ok(first <= 200, `${first} of ${total} rows`);
    await page.locator("#cases details").last().scrollIntoViewIfNeeded();
    await page.waitForFunction((number) => document.querySelectorAll("#cases details").length > number, first);
    await screenshot(page, "large-cases");
  }),

  "filters without a wait": () => look(WIDE, "cases", async (page) => {
    await until(page, () => document.querySelectorAll("#cases details").length > 0);
    const time = await page.evaluate(async () => {
      const begun = performance.now();
      const search = document.querySelector("#cases [name=q]");
      search.value = "case-17";
      search.dispatchEvent(new Event("input", { bubbles: true }));
      const output = document.querySelector("#cases output");
      while (!/ of /.test(output.textContent)) await new Promise((wake) => setTimeout(wake, 5));
      return performance.now() - begun;
    });
    console.log(`     a search: ${Math.round(time)} ms`);
    assert.ok(time < 1000, `${time} ms`);
  }),

  "unpacks a failure that is far down": async () => {
    const id = await look(WIDE, "cases?verdict=fail", async (page) => {
      await until(page, () => document.querySelectorAll("#cases details").length > 0);
      return page.locator("#cases .name").last().textContent();
    });
    await look(WIDE, `c-${id}`, async (page) => {
      await until(page, () => document.querySelector("#cases details[open] .problem"));
      assert.match(await page.locator("#cases details[data-id][open]").innerText(), /is not what was stored/);
      assert.ok(await page.locator("#cases details[open] .fall").isVisible());
      await screenshot(page, "large-case");
    });
  },

  "leads from a rule to all cases in which it is broken": () => look(WIDE, "findings", async (page) => {
    await page.locator("#findings .others a", { hasText: /more$/ }).first().click();
    await until(page, () => /^\d+ of \d+ shown/.test(document.querySelector("#cases output").textContent));
    assert.match(await page.locator("#cases output").innerText(), /^200 of /);
    await page.locator(".narrowed button").click();
    await until(page, () => /^\d+ shown/.test(document.querySelector("#cases output").textContent));
  }),
};

const good = await run(tests, "the large report");
await close();
process.exit(good ? 0 : 1);
