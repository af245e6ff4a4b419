// Filters of the list, what the time series can show, and the set of labels in a real browser, by keyboard alone.
import assert from "node:assert/strict";
import { startServer } from "./server.mjs";
import { api, launch, open, saved, setup, shot, steps } from "./page.mjs";

const server = await startServer(24);
const browser = await launch();
try {
    const page = await open(browser, server.url);
    const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
    const found = async (what) => { const a = await api(page, "GET", `/api/recordings/count?${what}`); return a.status === 200 ? a.data.count : a.status; };
    await steps([
        ["set up", async () => setup(page, server.url)],
        ["the list is filtered by quality, confidence, split, time and metadata", async () => {
            const all = await found("");
            assert.equal(await found("complete=1") + await found("complete=-1"), all);
            assert.equal(await found("simulated=1"), all);
            assert.equal(await found("simulated=-1"), 0);
            const unsure = await found("score_below=50"), answered = await found("score_below=100");
            assert.ok(unsure > 0 && answered >= unsure && answered < all, `${unsure} ${answered}`);
            assert.equal(await found("split=train"), 1);
            assert.equal(await found("split=validation"), 0);
            assert.equal(await found(`since=${Date.now() + 60000}`), 0);
            assert.equal(await found("meta=room%3Dlab"), 0);
            assert.equal(await found("meta=nothing"), 400);
            assert.equal(await found(`meta=${encodeURIComponent("x' OR '1'='1=1")}`), 0);
            await press("g", "r");
            await page.waitForSelector(".vrow.here b");
            await page.focus("button:has-text('More filters')");
            await press("Enter");
            await page.waitForSelector("#more-filters");
            await page.focus("#more-filters select[aria-label=Split]");
            await press("ArrowDown");
            await page.waitForFunction(() => document.querySelector(".top .chip")?.textContent === "1");
            assert.match(page.url(), /split=train/);
            await shot(page, "recordings-filters");
            await page.reload();
            await page.waitForSelector("#more-filters");
        }],
        ["a long series is walked through by keys and wheel", async () => {
            await page.goto(`${server.url}/recordings/5`);
            await page.waitForSelector("canvas:focus");
            const view = () => page.textContent(".stage .tools");
            assert.match(await view(), /20(\.\d)? s in view/);
            for (let i = 0; i < 6; i++) await press("ArrowUp");
            await page.waitForFunction(() => /[23](\.\d+)? s in view/.test(document.querySelector(".stage .tools").textContent));
            const asked = page.waitForResponse((r) => r.url().includes("/signals?") && r.status() === 200);
            for (let i = 0; i < 40; i++) await press("ArrowRight");
            assert.ok(Number(new URL((await asked).url()).searchParams.get("to")) > 0, "samples further on were asked for");
            const box = await page.locator(".plot canvas").boundingBox();
            await page.mouse.move(box.x + 300, box.y + 200);
            const near = await view();
            await page.mouse.wheel(0, 600);
            await page.waitForFunction((t) => document.querySelector(".stage .tools").textContent !== t, near);
            await press("Home");
            await page.waitForFunction(() => /20(\.\d)? s in view/.test(document.querySelector(".stage .tools").textContent));
        }],
        ["spectrogram, hidden channels, stretched values: by keys", async () => {
            await page.goto(`${server.url}/recordings/5`);
            await page.waitForSelector("canvas:focus");
            await page.waitForSelector(".palette button");
            const picture = page.waitForResponse((r) => r.url().includes("spectrogram.png") && r.status() === 200);
            await press("d");
            await picture;
            await page.waitForSelector("button[aria-pressed=true]:has-text('Spectrogram')");
            await press("Alt+1");
            await page.waitForSelector("button[title='Show or hide this channel'][aria-pressed=false]");
            await press("Shift+ArrowUp", "Shift+ArrowUp", "s");
            await page.waitForTimeout(300); // the picture is drawn; only the screenshot depends on it
            await shot(page, "recording-spectrogram");
        }],
        ["edges snap by a key; a point is marked", async () => {
            const own = async () => (await api(page, "GET", "/api/recordings/5/labels")).data.regions.filter((r) => !r.whole);
            await press("n", "2");
            await saved(page);
            const [first] = await own();
            await press("Escape", "n", "ArrowRight");
            for (let i = 0; i < 42; i++) await press("ArrowRight"); // starts a little behind the end of the first
            await press("3");
            await saved(page);
            const second = (await own()).find((r) => r.region !== first.region);
            assert.ok(Math.abs(second.start_us - first.end_us) < 1e6 && second.start_us !== first.end_us, `${second.start_us - first.end_us}`);
            await press("e");
            await saved(page);
            assert.equal((await own()).find((r) => r.region === second.region).start_us, first.end_us);
            await press("Escape", "p", "4");
            await saved(page);
            assert.ok((await own()).some((r) => r.start_us === r.end_us));
        }],
        ["labels have groups, guidelines and examples", async () => {
            await press("g", "l");
            await page.waitForSelector("tr.here");
            await press("Enter");
            await page.waitForSelector(".dialog input:focus");
            await page.fill(".dialog input[list=label-groups]", "running");
            await page.fill(".dialog textarea", "Everything turns as it should.");
            await page.fill("input[aria-label='Recording of the example']", "5");
            await page.fill("input[aria-label='What the example shows']", "a clear one");
            await page.focus(".dialog button:has-text('Add')");
            await press("Enter");
            await page.waitForSelector(".dialog >> text=a clear one");
            await shot(page, "label-edit");
            await page.focus(".dialog button.primary");
            await press("Enter");
            await page.waitForSelector("th[scope=rowgroup]:has-text('running')");
            const guides = (await api(page, "GET", "/api/guides")).data.labels, [name] = Object.keys(guides);
            assert.equal(guides[name].examples[0].rec, 5);
            await shot(page, "labels-groups");
            // Merging keeps the history of both names.
            const events = (await api(page, "GET", "/api/history?limit=500")).data.events.length;
            assert.equal((await api(page, "POST", `/api/classes/${name}/rename`, { to: "renamed" })).status, 200);
            assert.ok((await api(page, "GET", "/api/history?limit=500")).data.events.length > events);
            assert.equal((await api(page, "PUT", "/api/classes/nothing/group", { group: "x" })).status, 404);
            assert.equal((await api(page, "PUT", "/api/classes/normal/examples/999", {})).status, 404);
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
