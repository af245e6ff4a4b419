// What the first page costs: compressed bytes on the wire, and the time until it can be used, in Chromium.
// usage: node first_page.mjs http://127.0.0.1:PORT
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import path from "node:path";

const web = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../web");
const { chromium } = createRequire(path.join(web, "package.json"))("playwright-core");
const base = process.argv[2];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const times = [];
let bytes = 0, files = [];
for (let round = 0; round < 5; round++) {
    const page = await (await browser.newContext()).newPage();
    const seen = [];
    page.on("response", async (r) => seen.push([new URL(r.url()).pathname, Number((await r.allHeaders())["content-length"] ?? 0)]));
    await page.goto(base + "/", { waitUntil: "load" });
    await page.waitForSelector("input[type=password], main");
    times.push(await page.evaluate(() => performance.now()));
    files = seen.filter(([p]) => !p.startsWith("/api/"));
    bytes = files.reduce((sum, [, n]) => sum + n, 0);
    await page.context().close();
}
await browser.close();
times.sort((a, b) => a - b);
console.log(`first page: ${files.length} files, ${(bytes / 1024).toFixed(1)} KB compressed in all (${files.map(([p, n]) => `${p} ${n}`).join(", ")})`);
console.log(`usable after ${times[2].toFixed(0)} ms (median of five cold loads: ${times.map((t) => t.toFixed(0)).join(", ")})`);
