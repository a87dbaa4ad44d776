// Makes the pictures of the README: a report, a finding in it, and the console. The server is the reference server with a few
// defects on purpose. Usage: node pictures.mjs PROGRAM FOLDER
import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { reader, until } from "./browser.mjs";

const [program, folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node pictures.mjs PROGRAM FOLDER");
  process.exit(2);
}
const MUTANTS = ["read.unknown-404", "search.failure-outcome", "general.resources-conform/outcome"];
const SIZE = { viewport: { width: 1200, height: 760 } };
const TALL = { width: 1200, height: 1500 };

const scratch = await mkdtemp(path.join(os.tmpdir(), "pictures-"));
const server = spawn(program, ["serve", "--port", "0", ...MUTANTS.flatMap((name) => ["--mutant", name])], { stdio: ["ignore", "pipe", "inherit"] });
const base = await new Promise((resolve) => server.stdout.once("data", (line) => resolve(String(line).trim())));

/** What the program says, in colours. It ends with 1, since the server is not conformant. */
const says = (...words) => {
  try {
    return execFileSync(program, words, { cwd: scratch, encoding: "utf8", env: { ...process.env, CLICOLOR_FORCE: "1" }, stdio: ["ignore", "pipe", "ignore"] });
  } catch (failure) {
    return failure.stdout;
  }
};

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const COLOURS = { 31: "#ff8a80", 32: "#5cc983", 33: "#e0b04a", 35: "#c3a3ff", 36: "#7cc7d8" };
/** Text with the escapes of a terminal as HTML. */
const colored = (text) => {
  let styles = [];
  return text.split(/\u001b\[([\d;]*)m/).map((part, index) => {
    if (index % 2 === 0) return part && `<span style="${styles.join(";")}">${escape(part)}</span>`;
    for (const code of part.split(";")) {
      if (code === "" || code === "0") styles = [];
      else if (code === "1") styles.push("font-weight:700");
      else if (code === "2") styles.push("opacity:.65");
      else if (COLOURS[code]) styles.push(`color:${COLOURS[code]}`);
    }
    return "";
  }).join("");
};

await mkdir(folder, { recursive: true });
says("run", base, "--report", "html=report.html", "--quiet");
const { browser, open, close } = await reader(path.join(scratch, "report.html"));

const { page, close: leave } = await open(SIZE);
await page.setViewportSize(TALL);
await page.screenshot({ path: path.join(folder, "report.png") });
await page.setViewportSize(SIZE.viewport);
await page.evaluate(() => { location.hash = "findings"; });
await until(page, () => document.querySelector("#findings .fall rect"));
await page.waitForTimeout(300);
await page.screenshot({ path: path.join(folder, "finding.png") });
await leave();

const told = says("run", base, "--case", "http.read::unknown-id", "--report", "json=console.json");
const [failures] = told.split(/\n(?=[^\n]*http[^\n]*· FHIR)/);
const terminal = await browser.newPage({ viewport: { width: 1200, height: 400 } });
await terminal.setContent(`<body style="margin:0;background:#101418;color:#e4e9ee"><pre style="margin:0;padding:1.4rem 1.6rem;font:14px/1.5 'DejaVu Sans Mono',monospace;white-space:pre-wrap">`
  + `<span style="opacity:.65">$</span> fhir-assay run ${escape(base)}\n${colored(failures.trimEnd())}\n\n${colored(told.trimEnd().split("\n").at(-1))}</pre>`);
await terminal.locator("pre").screenshot({ path: path.join(folder, "console.png") });
await writeFile(path.join(scratch, "console.txt"), told);

await close();
server.kill();
await rm(scratch, { recursive: true });
