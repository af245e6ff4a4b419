// Coverage and datasets in a real browser, by keyboard alone: a target is stated and missed, a version is made with a
// preview, compared with another one, and labels are restored and restored back.
import assert from "node:assert/strict";
import { startServer } from "./server.mjs";
import { api, launch, open, setup, shot, steps } from "./page.mjs";

const server = await startServer(24);
const browser = await launch();
try {
    const page = await open(browser, server.url);
    const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
    const fits = async (what) => assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${what} fits its width`);
    await steps([
        ["set up", async () => setup(page, server.url)],
        ["a target is stated by keys and says what to record", async () => {
            await press("g", "c");
            await page.waitForSelector(".cover td.here");
            await page.waitForSelector("text=No target is stated yet");
            await press("e");
            await page.waitForSelector(".dialog input:focus");
            await press("Control+a");
            await page.keyboard.type("30");
            await press("Enter");
            await page.waitForSelector("text=Record next");
            const { data } = await api(page, "GET", "/api/coverage");
            assert.equal(data.target.each, 30);
            await shot(page, "coverage");
            await press("r");
            await page.waitForSelector("text=was asked to record");
            await press("ArrowRight", "ArrowDown", "Enter");
            await page.waitForFunction(() => location.pathname === "/recordings" && location.search.includes("label=") && location.search.includes("device="));
        }],
        ["a version is previewed and made by keys; no group straddles", async () => {
            await press("g", "s");
            await page.waitForSelector("tr.here");
            await press("n");
            await page.waitForSelector(".dialog #groups");
            const text = await page.textContent("#groups");
            for (const d of ["fan-01", "fan-02", "fan-03", "fan-04"]) assert.equal(text.split(d).length, 2, `${d} is on one side`);
            await page.keyboard.type("first");
            await shot(page, "dataset-new");
            await press("Enter");
            await page.waitForFunction(() => document.querySelector("table[aria-label='Dataset versions']")?.textContent.includes("first"));
        }],
        ["versions are compared", async () => {
            assert.equal((await api(page, "PUT", "/api/recordings/1/labels/whole", { label: "bearing" })).status, 200);
            const made = await api(page, "POST", "/api/datasets", { name: "second", stream: "acc", by: "device" });
            assert.equal(made.status, 201);
            await page.reload();
            await page.waitForSelector("table[aria-label=Difference]");
            assert.match(await page.textContent("table[aria-label=Difference]"), /bearing01?/);
            await shot(page, "datasets");
        }],
        ["labels are restored after a preview, and back", async () => {
            await press("j");
            await page.waitForFunction(() => document.querySelector("tr.here")?.textContent.includes("first"));
            await press("r");
            await page.waitForSelector(".dialog .primary:focus");
            assert.match(await page.textContent(".dialog"), /1 label of its recordings is other/);
            await shot(page, "dataset-restore");
            await press("Enter");
            await page.waitForSelector("text=1 label restored");
            const label = async () => (await api(page, "GET", "/api/recordings/1/labels")).data.regions[0].label;
            assert.equal(await label(), "off");
            await page.focus(".toast button");
            await press("Enter");
            await page.waitForSelector("text=undone");
            assert.equal(await label(), "bearing");
        }],
        ["the views fit, in the dark too", async () => {
            await page.emulateMedia({ colorScheme: "dark" });
            for (const view of ["coverage", "datasets"]) {
                await page.goto(`${server.url}/${view}`);
                await page.waitForSelector("table");
                await shot(page, `${view}-dark`);
                await fits(view);
            }
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
