// The live view in a real browser: samples and the model's answers arrive, a key starts a label and switches it, one key
// marks a wrong answer for the queue.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bin, startServer } from "./server.mjs";
import { api, launch, open, saved, setup, shot, steps } from "./page.mjs";

const server = await startServer(24, 600);
const browser = await launch();
const live = join(bin, "../bin-test/labeler-live");
if (!existsSync(live)) throw new Error(`not built: ${live}`);
const feed = spawn(live, [join(server.dir, "project"), "fan-01"], { stdio: "inherit" });
try {
    const page = await open(browser, server.url);
    const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
    const commands = async () => (await api(page, "GET", "/api/devices/fan-01")).data.commands;
    const end = () => page.evaluate(() => Number(document.querySelector("canvas").dataset.end));
    const samples = async () => page.waitForFunction((t) => Number(document.querySelector("canvas").dataset.end) > t + 400000, await end()); // some pass
    await steps([
        ["set up", async () => setup(page, server.url)],
        ["samples arrive with the model's answer beneath", async () => {
            await press("g", "v");
            await page.waitForSelector("h1:text('Live')");
            await page.waitForSelector("text=samples arrive");
            await press("]");
            await page.waitForSelector("text=Waiting for samples"); // fan-02 sends none
            await shot(page, "live-empty");
            await press("[");
            await page.waitForSelector("text=samples arrive");
            await page.waitForSelector("#said");
            assert.match(await page.textContent("#said"), /normal.*75 %/);
        }],
        ["a key starts a label, another switches it, Escape ends it", async () => {
            await page.waitForSelector(".palette button");
            await press("2");
            await page.waitForSelector("#recording");
            await page.waitForFunction(() => document.querySelector("#recording").textContent.includes("bearing"));
            await page.waitForFunction(() => JSON.parse(localStorage.getItem("moteloop.marks.fan-01")).length === 1);
            const first = await page.evaluate(() => JSON.parse(localStorage.getItem("moteloop.marks.fan-01"))[0].t0);
            await samples();
            await press("3");
            await page.waitForFunction(() => document.querySelector("#recording").textContent.includes("imbalance"));
            await samples();
            await shot(page, "live");
            await press("Escape");
            await page.waitForSelector("text=2 waiting for their recording");
            const marks = await page.evaluate(() => JSON.parse(localStorage.getItem("moteloop.marks.fan-01")));
            assert.deepEqual(marks.map((m) => m.label), ["bearing", "imbalance"]);
            assert.equal(marks[0].t0, first);
            assert.equal(marks[0].t1, marks[1].t0, "the switch leaves no gap");
            assert.ok(marks[1].t1 > marks[1].t0);
            const kinds = (await commands()).map((c) => c.kind);
            assert.ok(kinds.includes("record") && kinds.includes("stop"), kinds.join());
        }],
        ["the stretches become regions once their recording is stored", async () => {
            const marks = await page.evaluate(() => JSON.parse(localStorage.getItem("moteloop.marks.fan-01")));
            await page.reload();
            await page.waitForFunction(() => JSON.parse(localStorage.getItem("moteloop.marks.fan-01")).length === 0);
            await saved(page);
            const rec = (await api(page, "GET", "/api/recordings?device=fan-01&limit=1")).data.recordings[0].id;
            const regions = (await api(page, "GET", `/api/recordings/${rec}/labels`)).data.regions;
            assert.deepEqual(regions.map((r) => [r.label, r.start_us, r.end_us]), marks.map((m) => [m.label, m.t0, m.t1]));
            await page.waitForSelector("#said");
        }],
        ["one key marks a wrong answer", async () => {
            await press("w");
            await page.waitForSelector(".toast >> text=normal was wrong");
            assert.equal((await api(page, "POST", "/api/verdicts", { verdict: "wrong", label: "x" })).status, 400);
        }],
        ["remote recording: a group is asked, and what was asked is listed, by keys", async () => {
            await press("g", "d");
            await page.waitForSelector("tr.here");
            await press("r");
            await page.waitForSelector("text=What was asked");
            await page.focus("label.chip:has-text('group canary') input");
            await press("Space", "r");
            await page.waitForSelector(".toast >> text=1 device asked to record 10 s");
            await page.waitForFunction(() => document.querySelector("table[aria-label='Recordings asked for']")?.textContent.includes("fan-01"));
            assert.equal((await api(page, "GET", "/api/record")).data.asked[0].device, "fan-01");
            await shot(page, "record");
            await page.focus("input[type=number][required]");
            await page.keyboard.type("50");
            await press("Enter");
            await page.waitForSelector(".toast >> text=1 device will be told");
            assert.equal((await api(page, "GET", "/api/record?device=fan-01")).data.config.settings !== null, true);
            await page.goto(`${server.url}/live?device=fan-01`);
        }],
        ["it fits, in the dark too", async () => {
            await page.emulateMedia({ colorScheme: "dark" });
            await page.reload();
            await page.waitForSelector("#said");
            await shot(page, "live-dark");
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    feed.kill();
    await browser.close();
    await server.stop();
}
