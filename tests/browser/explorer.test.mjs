// The explorer in a real browser: a projection is computed in the background, windows are selected by brush and by lasso,
// relabelled after a preview, and that is undone.
import assert from "node:assert/strict";
import { startServer } from "./server.mjs";
import { api, launch, open, setup, shot, steps } from "./page.mjs";

const server = await startServer(24);
const browser = await launch();
try {
    const page = await open(browser, server.url);
    const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
    const first = async () => (await api(page, "GET", "/api/projections")).data.projections[0];
    await steps([
        ["set up", async () => setup(page, server.url)],
        ["a projection is computed in the background", async () => {
            await press("g", "e");
            await page.waitForSelector("text=No projection yet");
            await shot(page, "explorer-empty");
            await press("n");
            await page.waitForSelector(".dialog option:text('acc')", { state: "attached" });
            await page.focus(".dialog button.primary");
            await press("Enter");
            await page.waitForSelector("canvas");
            const p = await first();
            assert.equal(p.state, "done");
            assert.ok(p.windows > 200, `${p.windows}`);
            assert.match(p.note, /of the variance/);
        }],
        ["brush, label, preview, change, undo: by keys alone", async () => {
            await page.waitForFunction(() => document.querySelectorAll(".panel .palette button").length >= 4);
            await press("Tab", "+", "+", "Space");
            await page.waitForSelector("text=/\\d+ windows? selected/");
            await shot(page, "explorer");
            await press("3");
            await page.waitForSelector(".dialog .primary:focus");
            await shot(page, "explorer-relabel");
            const before = (await api(page, "GET", "/api/history?limit=500")).data.events.length;
            await press("Enter");
            await page.waitForSelector(".toast >> text=/changed/");
            const after = (await api(page, "GET", "/api/history?limit=500")).data.events.length;
            assert.ok(after > before);
            await page.focus(".toast button");
            await press("Enter");
            await page.waitForSelector("text=undone");
        }],
        ["a lasso selects by mouse; a point opens its recording at its time", async () => {
            await page.evaluate(() => document.activeElement.blur());
            const box = await page.locator(".plot canvas").boundingBox();
            await page.mouse.move(box.x + 4, box.y + 4);
            await page.mouse.down();
            for (const [x, y] of [[box.width - 4, 4], [box.width - 4, box.height - 4], [4, box.height - 4], [4, 8]]) await page.mouse.move(box.x + x, box.y + y, { steps: 3 });
            await page.mouse.up();
            const { windows } = await first();
            await page.waitForSelector(`text=${windows} windows selected`);
            await press("Escape");
            await page.waitForSelector("text=Nothing selected");
            await press("Tab", "Enter");
            await page.waitForFunction(() => /^\/recordings\/\d+$/.test(location.pathname) && location.search.includes("at="));
            await page.waitForSelector("text=Marked 2 s");
        }],
        ["what cannot be computed says why", async () => {
            const made = await api(page, "POST", "/api/projections", { stream: "nothing" });
            assert.equal(made.status, 202);
            await page.goto(`${server.url}/explorer`);
            await page.waitForSelector("text=no recording has stream 'nothing'");
        }],
        ["t-SNE, in the dark", async () => {
            assert.equal((await api(page, "POST", "/api/projections", { stream: "acc", method: "tsne", windows: 200 })).status, 202);
            await page.emulateMedia({ colorScheme: "dark" });
            await page.reload();
            await page.waitForSelector("text=t-SNE of its principal components", { timeout: 60000 });
            await page.waitForFunction(() => document.querySelectorAll(".panel .palette button").length >= 4);
            await shot(page, "explorer-dark");
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
