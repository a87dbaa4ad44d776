// Imports a recording into the Network panel of Chromium's developer tools, by its button, and holds what the panel then has to
// what is in the file. Usage: node har.mjs RECORDING.har [SCREENSHOT_FOLDER]
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { launch, run } from "./browser.mjs";

const [recording, folder] = process.argv.slice(2);
if (!recording) {
  console.error("usage: node har.mjs RECORDING.har [FOLDER_FOR_SCREENSHOTS]");
  process.exit(2);
}
const { entries } = JSON.parse(await readFile(recording, "utf8")).log;
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.setDefaultTimeout(15_000);
const wrong = [];
page.on("pageerror", (error) => wrong.push(String(error)));
page.on("dialog", (dialog) => {
  wrong.push(dialog.message());
  dialog.dismiss();
});

const screenshot = async (name) => {
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
};

/** What the developer tools know of each request. Their modules are no public interface: with another Chromium they may differ. */
const known = () => page.evaluate(async () => {
  const { NetworkLog } = await import("devtools://devtools/bundled/models/logs/logs.js");
  const pairs = (headers) => headers.map(({ name, value }) => [name, value]);
  const sent = async (request) => await request.requestFormData() ?? "";
  const got = async (request) => {
    const data = await request.requestContentData();
    if ("error" in data) return data.error;
    return data.isTextContent ? data.text : data.base64;
  };
  return Promise.all(NetworkLog.NetworkLog.instance().requests().map(async (request) => ({
    method: request.requestMethod,
    url: request.url(),
    status: request.statusCode,
    asked: pairs(request.requestHeaders()),
    answered: pairs(request.responseHeaders),
    sent: await sent(request),
    got: await got(request),
  })));
});

const tests = {
  "is imported by the button of the Network panel": async () => {
    assert.ok(entries.length > 0, "nothing is recorded");
    await page.goto("devtools://devtools/bundled/devtools_app.html?panel=network");
    await page.locator("[aria-label='Network'][role=tab]").click();
    const chosen = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: /^Import HAR/ }).click();
    await (await chosen).setFiles(recording);
    await page.getByText(`${entries.length} requests`).waitFor();
    await screenshot("network");
    assert.deepEqual(wrong, []);
  },

  "has every request and response as it is in the file": async () => {
    const pairs = (headers) => headers.map(({ name, value }) => [name, value]);
    const recorded = entries.map(({ request, response }) => ({
      method: request.method,
      url: request.url,
      status: response.status,
      asked: pairs(request.headers),
      answered: pairs(response.headers),
      sent: request.postData?.text ?? "",
      got: response.content.text ?? "",
    }));
    // The panel orders by time, which several may share.
    const sorted = (all) => all.map((one) => JSON.stringify(one)).sort();
    const [found, wanted] = [sorted(await known()), sorted(recorded)];
    assert.equal(found.length, wanted.length);
    found.forEach((text, index) => assert.equal(text, wanted[index]));
  },

  "shows what is behind a row": async () => {
    const cell = page.locator(".network-log-grid tbody tr.data-grid-data-grid-node td.name-column", { hasText: /\w/ }).last();
    const name = (await cell.innerText()).trim();
    await cell.click();
    await page.getByRole("tab", { name: "Headers" }).click();
    await page.getByText("Request URL").first().waitFor();
    const urls = entries.map(({ request }) => request.url).filter((url) => url.endsWith(name));
    assert.ok(urls.length > 0, `no request ends with ${name}`);
    await page.getByText(urls.at(-1), { exact: true }).first().waitFor();
    await page.getByText(/^content-type$/i).first().waitFor();
    await screenshot("network-headers");
    await page.getByRole("tab", { name: "Response", exact: true }).click();
    await page.getByText("resourceType").first().waitFor();
    await screenshot("network-response");
  },
};

const good = await run(tests, "the recording");
await browser.close();
process.exit(good ? 0 : 1);
