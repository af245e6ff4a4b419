// Models in a real browser, with models that are trained here: two side by side, the windows behind a cell of the
// confusion, batch proposals as a difference, a proposal refused in the queue.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bin, source, startServer } from "./server.mjs";
import { api, launch, open, saved, setup, shot, steps } from "./page.mjs";

const server = await startServer(24);
const browser = await launch();
const project = join(server.dir, "project");
try {
    const page = await open(browser, server.url);
    const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
    const models = async () => (await api(page, "GET", "/api/models")).data.models;
    await steps([
        ["set up", async () => setup(page, server.url)],
        ["two models are trained", async () => {
            // The seeded devices have a class each: recordings are what is split by.
            const recipe = readFileSync(join(source, "trainer/recipes/fan.recipe"), "utf8").replace("group = device", "group = recording").replace("epochs = 30", "epochs = 8").replace("test = 0.2", "test = 0.5");
            writeFileSync(join(server.dir, "fan.recipe"), recipe);
            for (const seed of ["1", "2"]) {
                const made = spawnSync(join(bin, "moteloop-trainer"), ["train", join(server.dir, "fan.recipe"), "--project", project, "--seed", seed], { encoding: "utf8" });
                assert.equal(made.status, 0, made.stderr);
            }
            assert.equal((await models()).length, 3);
        }],
        ["two models side by side, by keys", async () => {
            await press("g", "m");
            await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 3);
            await press("x", "j", "x", "c");
            await page.waitForSelector("table[aria-label='Two models']");
            const text = await page.textContent("table[aria-label='Two models']");
            for (const what of ["Accuracy int8", "Accuracy float", "Lost by int8", "File", "Arena"]) assert.ok(text.includes(what), what);
            await page.waitForFunction(() => /ms|µs/.test(document.querySelector("table[aria-label='Two models']").textContent));
            assert.equal(await page.locator(".confusion").count(), 2);
            await page.waitForSelector("text=Learning curves");
            await shot(page, "models-compare");
        }],
        ["size and time per board", async () => {
            await page.goto(`${server.url}/models/${(await models())[0].id}`);
            await page.waitForSelector("table[aria-label='What it takes on boards'] tbody tr");
            const { data } = await api(page, "GET", `/api/models/${(await models())[0].id}/boards`);
            assert.ok(data.boards.length > 3 && data.boards.every((b) => b.ms > 0));
            await shot(page, "model-boards");
        }],
        ["a cell of the confusion opens its windows, by keys", async () => {
            await page.focus(".confusion td[role=button]");
            await press("Enter");
            await page.waitForSelector(".dialog button:has-text('Judge all windows')");
            await page.focus(".dialog button:has-text('Judge all windows')");
            await press("Enter");
            await page.waitForSelector("table[aria-label='Windows of the cell'] tr.here");
            await shot(page, "model-cell");
            await press("j", "Enter");
            await page.waitForFunction(() => location.pathname.startsWith("/recordings/") && location.search.includes("at="));
        }],
        ["proposals are a difference before they are labels", async () => {
            await press("g", "q");
            await page.waitForSelector("h1:text('Queue')");
            await press("b");
            await page.waitForSelector("table[aria-label=Proposals] tr.here");
            const { data: all } = await api(page, "GET", "/api/recordings?unlabelled=1&stream=acc&limit=100");
            const waiting = all.recordings.length;
            await press("x", "j");
            await page.waitForSelector("text=What would change");
            await shot(page, "proposals");
            await press("a");
            await page.waitForSelector(".dialog .primary:focus");
            await shot(page, "proposals-preview");
            assert.equal((await api(page, "GET", "/api/recordings/count?unlabelled=1&stream=acc")).data.count, waiting, "nothing is stored yet");
            await press("Enter");
            await page.waitForSelector(".toast >> text=/changed/");
            assert.equal((await api(page, "GET", "/api/recordings/count?unlabelled=1&stream=acc")).data.count < waiting, true);
            const first = (await api(page, "GET", "/api/history?limit=1")).data.events[0];
            assert.equal(first.source, "model");
            assert.equal(first.model, (await models())[0].digest);
            assert.ok(first.score > 0.7);
            await page.focus(".toast button");
            await press("Enter");
            await page.waitForSelector("text=undone");
            assert.equal((await api(page, "GET", "/api/recordings/count?unlabelled=1&stream=acc")).data.count, waiting);
        }],
        ["likely errors come from the model that judged here", async () => {
            await api(page, "PUT", "/api/recordings/1/labels/whole", { label: "bearing" }); // it is off
            await press("g", "a");
            await page.waitForSelector("table[aria-label='Likely label errors']");
            await page.waitForFunction(() => document.querySelector("table[aria-label='Likely label errors']").textContent.includes("#1 "));
            await shot(page, "quality-errors");
        }],
        ["a proposal is refused by one key and does not come back", async () => {
            await page.goto(`${server.url}/queue?by=novel`);
            await page.waitForSelector(".queue-item .notice");
            const rec = Number((await page.textContent(".queue-side b")).match(/\d+/)[0]);
            await press("r");
            await page.waitForSelector("text=Refused: give it another label");
            await page.waitForFunction(async (id) => (await (await fetch("/api/queue?by=novel")).json()).items.find((i) => i.recording.id === id)?.proposal === null, rec);
            for (const by of ["balance", "marked"]) assert.equal((await api(page, "GET", `/api/queue?by=${by}`)).status, 200);
            await press("3");
            await saved(page);
            assert.equal((await api(page, "GET", `/api/recordings/${rec}/labels`)).data.regions[0].label, "imbalance");
        }],
        ["the views fit, in the dark too", async () => {
            await page.emulateMedia({ colorScheme: "dark" });
            const ids = (await models()).slice(0, 2).map((m) => m.id).join(",");
            for (const view of ["proposals", `models/compare?ids=${ids}`]) {
                await page.goto(`${server.url}/${view}`);
                await page.waitForSelector("table");
                await shot(page, `${view.split("?")[0].replace("/", "-")}-dark`);
                assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${view} fits its width`);
            }
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
