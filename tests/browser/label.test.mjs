// Labelling in a real browser, by keyboard alone: regions, undo across a reload, two people at once, the
// server killed in the middle of work.
import assert from "node:assert/strict";
import { startServer } from "./server.mjs";
import { api, launch, open, password, saved, setup, shot, signIn, steps } from "./page.mjs";

const server = await startServer(24);
const browser = await launch();
try {
    const page = await open(browser, server.url);
    const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
    const regions = async (id, p = page) => (await api(p, "GET", `/api/recordings/${id}/labels`)).data.regions;
    const toRecording = async (id) => {
        await page.goto(`${server.url}/recordings/${id}`);
        await page.waitForSelector("canvas:focus");
        await page.waitForSelector(".palette button");
    };
    await steps([
        ["the one-time link makes an administrator", async () => {
            await setup(page, server.url);
            await page.waitForSelector(".tile");
            assert.match(await page.textContent("main"), /3 of 4/);
        }],
        ["the link works once", async () => {
            const again = await fetch(`${server.url}/api/setup`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: "seed-setup-token", name: "eve", password }) });
            assert.equal(again.status, 403);
        }],
        ["keys lead to a recording", async () => {
            await press("g", "r");
            await page.waitForSelector(".vrow.here b");
            await press("j", "j", "Enter");
            await page.waitForSelector("canvas:focus");
            assert.match(page.url(), /recordings\/24/);
        }],
        ["a key labels the whole recording", async () => {
            await page.waitForSelector(".palette button");
            await press("1");
            await saved(page);
            assert.deepEqual((await regions(24)).map((r) => [r.region, r.label]), [["whole", "off"]]);
        }],
        ["a region is marked, moved and labelled by keys", async () => {
            await press("n", "ArrowRight", "Alt+ArrowLeft", "2");
            await saved(page);
            const list = (await regions(24)).filter((r) => !r.whole);
            assert.equal(list.length, 1);
            assert.equal(list[0].label, "bearing");
            assert.ok(list[0].end_us > list[0].start_us);
            await press("Shift+ArrowRight");
            await saved(page);
            const moved = (await regions(24)).find((r) => !r.whole);
            assert.ok(moved.start_us > list[0].start_us);
            assert.equal(moved.end_us - moved.start_us, list[0].end_us - list[0].start_us);
        }],
        ["split and merge", async () => {
            await press("x");
            await saved(page);
            assert.equal((await regions(24)).filter((r) => !r.whole).length, 2);
            await press("m");
            await saved(page);
            assert.equal((await regions(24)).filter((r) => !r.whole).length, 1);
        }],
        ["the gap is found and filled", async () => {
            await press("Escape", "f");
            const marked = await page.textContent(".stage .tools");
            assert.match(marked, /Marked|view/);
            await press("Escape");
        }],
        ["undo and redo outlive a reload", async () => {
            const before = await regions(24);
            await page.reload();
            await page.waitForSelector("canvas:focus");
            await page.waitForSelector(".regions button");
            for (let i = 0; i < 4; i++) await press("Control+z");
            await saved(page);
            assert.deepEqual((await regions(24)).map((r) => r.label), ["off"]);
            for (let i = 0; i < 4; i++) await press("Control+Shift+z");
            await saved(page);
            const after = await regions(24);
            assert.deepEqual(after.map((r) => [r.label, r.start_us, r.end_us]), before.map((r) => [r.label, r.start_us, r.end_us]));
        }],
        ["a mouse draws and drags a region", async () => {
            await toRecording(23);
            const box = await page.locator(".plot canvas").boundingBox();
            await page.mouse.move(box.x + 250, box.y + 260);
            await page.mouse.down();
            await page.mouse.move(box.x + 400, box.y + 260, { steps: 5 });
            await page.mouse.up();
            await press("3");
            await saved(page);
            const [r] = await regions(23);
            assert.equal(r.label, "imbalance");
            await page.mouse.move(box.x + 400, box.y + 36);
            await page.mouse.down();
            await page.mouse.move(box.x + 460, box.y + 36, { steps: 5 });
            await page.mouse.up();
            await saved(page);
            const [longer] = await regions(23);
            assert.ok(longer.end_us > r.end_us && longer.start_us === r.start_us, "the edge was dragged");
            await shot(page, "recording-region");
        }],
        ["two people: the second is told, nothing is overwritten", async () => {
            assert.equal((await api(page, "POST", "/api/users", { name: "bob", password, role: "annotator" })).status, 201);
            const other = await open(browser, server.url);
            await signIn(other, server.url, "bob");
            await toRecording(21);
            await press("1");
            await saved(page);
            // Bob's page has not heard of it: his program still believes in the version before.
            const refused = await api(other, "PUT", "/api/recordings/21/labels/whole", { label: "bearing", version: 0 });
            assert.equal(refused.status, 409);
            assert.equal(refused.data.stored.label, "off");
            // In the page: block the news, change it elsewhere, then change it here.
            await page.route("**/api/recordings/21", (r) => r.abort());
            await api(other, "PUT", "/api/recordings/21/labels/whole", { label: "bearing", version: 1 });
            await press("3");
            await page.waitForSelector("text=Changed by two people");
            await shot(page, "conflict");
            await page.unroute("**/api/recordings/21");
            await press("Escape");
            assert.equal((await regions(21))[0].label, "bearing");
            await other.context().close();
        }],
        ["a killed server loses nothing", async () => {
            await toRecording(18);
            const box = await page.locator(".plot canvas").boundingBox();
            await page.mouse.move(box.x + 200, box.y + 260);
            await page.mouse.down();
            await page.mouse.move(box.x + 300, box.y + 260, { steps: 3 });
            await server.halt();
            await page.mouse.move(box.x + 380, box.y + 260, { steps: 3 });
            await page.mouse.up();
            await press("4");
            await page.waitForSelector("text=unsent");
            await shot(page, "offline");
            await page.context().newPage().then((p) => p.close());
            await server.start();
            await saved(page);
            assert.deepEqual((await regions(18)).map((r) => r.label), ["normal"]);
        }],
        ["a label's key pressed before the recording is there is not lost", async () => {
            await toRecording(17);
            let release;
            const held = new Promise((r) => { release = r; });
            await page.route("**/api/recordings/16", async (r) => { await held; await r.continue(); });
            await press("j");
            await page.waitForSelector("text=Loading The recording");
            await press("3");
            release();
            await page.waitForFunction(() => document.querySelector(".palette [aria-pressed=true]")?.textContent.includes("imbalance"));
            await saved(page);
            assert.deepEqual((await regions(16)).map((r) => r.label), ["imbalance"]);
            assert.deepEqual(await regions(17), [], "the one before is left alone");
            await page.unroute("**/api/recordings/16");
        }],
        ["unsent work survives a closed page", async () => {
            await toRecording(17);
            await page.route("**/labels/**", (r) => r.abort());
            await press("2");
            await page.waitForSelector("text=unsent");
            await page.unroute("**/labels/**");
            await page.goto(`${server.url}/overview`);
            await page.waitForSelector(".tile");
            await saved(page);
            assert.deepEqual((await regions(17)).map((r) => r.label), ["bearing"]);
        }],
        ["the queue: accept, correct, pass by one key each", async () => {
            await press("g", "q");
            await page.waitForSelector(".queue-item canvas");
            const first = await page.textContent(".queue-side b");
            await shot(page, "queue");
            await press("3");
            await page.waitForFunction((t) => document.querySelector(".queue-side b")?.textContent !== t, first);
            await saved(page);
            const id = Number(first.match(/\d+/)[0]);
            assert.equal((await regions(id))[0].label, "imbalance");
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
