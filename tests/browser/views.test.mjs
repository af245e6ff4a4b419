// Every view in a real browser: it shows the store's figures, scrolls any number of rows, shows hostile text as
// text, asks no other host for anything; screenshots are kept in build/screenshots to be looked at.
import assert from "node:assert/strict";
import { startServer } from "./server.mjs";
import { api, launch, open, setup, shot, steps } from "./page.mjs";

const rows = 20000;
const server = await startServer(rows);
const browser = await launch();
const hostile = '<img src=x onerror=alert(1)>';
try {
    const page = await open(browser, server.url);
    await steps([
        ["set up", async () => setup(page, server.url)],
        ["the page is interactive within a second", async () => {
            const started = Date.now();
            await page.goto(`${server.url}/recordings`);
            await page.waitForSelector(".vrow.here b");
            const took = Date.now() - started;
            console.log(`     ${took} ms to the first rows`);
            assert.ok(took < 5000, `${took} ms`); // a second on an idle machine; tests share theirs
        }],
        ["a long list scrolls to its end", async () => {
            assert.match(await page.textContent(".top"), /20\s002/);
            await page.keyboard.press("End");
            await page.waitForFunction(() => [...document.querySelectorAll(".vrow b")].some((b) => b.textContent === "#1"));
            await page.keyboard.press("Home");
            await page.waitForFunction(() => [...document.querySelectorAll(".vrow b")].some((b) => b.textContent === "#20002"));
            assert.ok((await page.locator(".vrow").count()) < 60, "only rows in sight exist");
        }],
        ["filters are in the address", async () => {
            await page.selectOption("select[aria-label=Device]", "fan-02");
            await page.waitForFunction(() => document.querySelector(".top .chip")?.textContent.replace(/\s/g, "") === "5000");
            assert.match(page.url(), /device=fan-02/);
            await page.reload();
            await page.waitForFunction(() => document.querySelector(".top .chip")?.textContent.replace(/\s/g, "") === "5000");
        }],
        ["bulk labels with preview and undo", async () => {
            await page.waitForFunction(() => document.querySelector(".vrow.here .cut")?.textContent === "fan-02");
            await page.evaluate(() => document.activeElement.blur());
            const made = await api(page, "PUT", "/api/classes/normal", { hotkey: "5" });
            assert.equal(made.status, 200);
            await page.reload();
            await page.waitForSelector(".vrow.here b");
            for (const k of ["x", "j", "j", "Shift+X", "5"]) await page.keyboard.press(k);
            await page.waitForSelector("text=3 get their first label");
            await shot(page, "bulk");
            await page.keyboard.press("Enter");
            await page.waitForSelector("text=3 recordings changed");
            assert.equal((await api(page, "GET", "/api/recordings/count?label=normal")).data.count, 3);
            await page.click(".toast button");
            await page.waitForSelector("text=undone");
            assert.equal((await api(page, "GET", "/api/recordings/count?label=normal")).data.count, 0);
        }],
        ["hostile text is shown as text", async () => {
            assert.equal((await api(page, "PUT", `/api/classes/${encodeURIComponent(hostile)}`, { guideline: hostile })).status, 200);
            assert.equal((await api(page, "POST", "/api/recordings/5/labels", { label: hostile })).status, 201);
            for (const where of ["/labels", "/recordings/5", "/history", "/overview"]) {
                await page.goto(server.url + where);
                await page.waitForFunction((t) => document.body.innerText.includes(t), hostile.slice(0, 20));
            }
        }],
        ["help lists the keys of the view", async () => {
            await page.goto(`${server.url}/recordings/5`);
            await page.waitForSelector("canvas:focus");
            await page.keyboard.press("?");
            await page.waitForSelector(".dialog .keys");
            assert.match(await page.textContent(".dialog"), /undo/);
            await shot(page, "help");
            await page.keyboard.press("Escape");
            assert.equal(await page.locator(".dialog").count(), 0);
        }],
        ["screenshots of every view, light and dark, and on a tablet", async () => {
            const views = { overview: ".tile", recordings: ".vrow.here b", "recordings/5": "canvas", "recordings/20001": "canvas", "recordings/20002": "canvas", queue: ".queue-item", labels: "td", models: "td", "models/1": ".confusion", rollouts: ".stagebar", devices: "td", "devices/fan-01": "dl", history: ".timeline", people: "td" };
            for (const scheme of ["light", "dark"]) {
                await page.emulateMedia({ colorScheme: scheme });
                for (const [view, sign] of Object.entries(views)) {
                    await page.goto(`${server.url}/${view}`);
                    await page.waitForSelector(sign);
                    await page.waitForTimeout(350); // pictures and samples; the event stream never lets the network be idle
                    await shot(page, `${view.replace("/", "-")}-${scheme}`);
                    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${view} fits its width`);
                    if (scheme === "dark" && view === "recordings/5") break;
                }
            }
            await page.setViewportSize({ width: 820, height: 1180 });
            for (const view of ["overview", "recordings", "recordings/5"]) {
                await page.goto(`${server.url}/${view}`);
                await page.waitForSelector(views[view]);
                await shot(page, `${view.replace("/", "-")}-tablet`);
                assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${view} fits a tablet`);
            }
        }],
        ["a large project is exported whole", async () => {
            for (let from = 1; from <= 10000; from += 5000) {
                const changes = Array.from({ length: 5000 }, (_, i) => ({ rec: from + i, region: "whole", label: "normal" }));
                assert.equal((await api(page, "POST", "/api/labels/bulk", { changes })).status, 200);
            }
            const [status, lines] = await page.evaluate(async () => { const a = await fetch("/api/labels/export?format=csv"); return [a.status, (await a.text()).split("\n").length]; });
            assert.equal(status, 200);
            assert.ok(lines > 10000, `${lines} lines`);
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
