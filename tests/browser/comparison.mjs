// Opens the page of `diff` or `compare` in Chromium. Usage: node comparison.mjs PAGE [SCREENSHOT_FOLDER]
import assert from "node:assert/strict";
import process from "node:process";
import { PHONE, WIDE, accessible, isWide, reader, run, unfold } from "./browser.mjs";

const [comparison, folder] = process.argv.slice(2);
if (!comparison) {
  console.error("usage: node comparison.mjs COMPARISON.html [FOLDER_FOR_SCREENSHOTS]");
  process.exit(2);
}
const { look, screenshot, colours, close } = await reader(comparison, folder);

const tests = {
  "is painted, asks nobody for anything, and has no script": () => look(WIDE, "", async (page) => {
    assert.match(await page.locator("h1").innerText(), /\w/);
    assert.ok(await page.locator("tbody tr").count() > 0, "nothing is compared");
    assert.equal(await page.locator("script").count(), 0);
    assert.match(await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content"), /^default-src 'none'; style-src 'sha256-[^']+'/);
    assert.ok(await colours(page, await screenshot(page, "comparison", { tall: true })) > 20, "the page is empty");
  }),

  "is accessible, light and dark, folded and not": async () => {
    for (const colorScheme of ["light", "dark"]) {
      await look({ ...WIDE, colorScheme }, "", async (page) => {
        await accessible(page, colorScheme);
        await unfold(page);
        assert.equal(await isWide(page), "", "unfolded");
        await screenshot(page, `comparison-${colorScheme}`, { tall: true });
        await accessible(page, `${colorScheme}, unfolded`);
      });
    }
  },

  "fits a telephone": () => look(PHONE, "", async (page) => {
    assert.equal(await isWide(page), "", "folded");
    await unfold(page);
    assert.equal(await isWide(page), "", "unfolded");
    await screenshot(page, "comparison-phone", { tall: true });
    await accessible(page, "telephone");
  }),

  "can be read by keyboard alone": () => look(WIDE, "", async (page) => {
    await page.keyboard.press("Tab");
    assert.match(await page.locator(":focus").innerText(), /^Skip/);
    const fold = page.locator("details").first();
    const was = await fold.evaluate((element) => element.open);
    await page.keyboard.press("Tab");
    assert.ok(await fold.locator("summary").evaluate((element) => element === document.activeElement), "the first list has no focus");
    await page.keyboard.press("Enter");
    assert.equal(await fold.evaluate((element) => element.open), !was);
  }),
};

const good = await run(tests, "the comparison");
await close();
process.exit(good ? 0 : 1);
