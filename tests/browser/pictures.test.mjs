// The grid of pictures in a real browser: 240 pictures sorted by keys alone, counted against the clock; chosen in rows;
// undone; a box drawn, nudged and labelled by keys.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { bin, startServer } from "./server.mjs";
import { api, launch, open, saved, setup, shot, steps } from "./page.mjs";

const many = 240;

const table = Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0; });
const checksum = crc32 || ((b) => { let c = 0xffffffff; for (const x of b) c = table[(c ^ x) & 255] ^ (c >>> 8); return (c ^ 0xffffffff) >>> 0; });

/** A grey PNG of 24 x 24 pixels: a disc or a square, of its own size and place. */
function png(n) {
    const rows = Buffer.alloc(24 * 25);
    const r = 4 + (n % 7), cx = 8 + (n % 9), cy = 8 + (n % 8);
    for (let y = 0; y < 24; y++) for (let x = 0; x < 24; x++) rows[y * 25 + 1 + x] = (n % 2 ? (x - cx) ** 2 + (y - cy) ** 2 < r * r : Math.abs(x - cx) < r && Math.abs(y - cy) < r) ? 230 : 30 + (n % 40);
    const chunk = (type, data) => {
        const body = Buffer.concat([Buffer.from(type), data]), out = Buffer.alloc(8 + body.length);
        out.writeUInt32BE(data.length, 0);
        body.copy(out, 4);
        out.writeUInt32BE(checksum(body), 4 + body.length);
        return out;
    };
    const head = Buffer.from([0, 0, 0, 24, 0, 0, 0, 24, 8, 0, 0, 0, 0]);
    return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

const server = await startServer(24);
const browser = await launch();
try {
    const folder = join(server.dir, "shapes");
    mkdirSync(folder);
    for (let i = 0; i < many; i++) writeFileSync(join(folder, `shape-${String(i).padStart(3, "0")}.png`), png(i));
    const made = spawnSync(join(bin, "moteloop-import"), ["import", folder, "--project", join(server.dir, "project")], { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
    const page = await open(browser, server.url);
    const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
    const left = async () => (await api(page, "GET", `/api/recordings/count?unlabelled=1&stream=${stream}`)).data.count;
    let stream;
    await steps([
        ["set up", async () => {
            await setup(page, server.url);
            const newest = (await api(page, "GET", "/api/recordings?limit=1")).data.recordings[0];
            assert.ok(newest.width > 0, "a picture was imported last");
            stream = newest.streams[0];
            for (const [name, hotkey] of [["disc", "d"], ["square", "s"]]) assert.equal((await api(page, "PUT", `/api/classes/${name}`, { hotkey })).status, 200);
        }],
        ["hundreds are sorted in a minute by keys", async () => {
            await page.goto(`${server.url}/pictures?stream=${stream}`);
            await page.waitForSelector(".thumb.here");
            const before = await left();
            assert.ok(before >= many);
            const order = await page.$$eval(".thumb", (all) => all.map((t) => t.title));
            const started = Date.now();
            for (let i = 0; i < many; i++) await press(/shape-\d*[13579]\.png/.test(order[i]) ? "d" : "s");
            await saved(page);
            const took = (Date.now() - started) / 1000;
            console.log(`     ${many} pictures in ${took.toFixed(1)} s`);
            assert.ok(took < 60, `${took} s`);
            assert.equal(await left(), before - many);
            assert.ok((await page.locator(".thumb").first().boundingBox()).height > 100, "a picture is shown in full");
            await page.waitForFunction(() => [...document.querySelectorAll(".thumb.here img")].every((i) => i.complete));
            await shot(page, "pictures");
            const first = Number(order[0].match(/recording (\d+)/)[1]);
            assert.equal((await api(page, "GET", `/api/recordings/${first}/labels`)).data.regions[0].label, /[13579]\.png/.test(order[0]) ? "disc" : "square");
        }],
        ["rows are chosen, labelled at once, and that is undone", async () => {
            await press("Home", "Shift+ArrowRight", "Shift+ArrowRight");
            await page.waitForSelector("text=3 chosen");
            await press("3");
            await saved(page);
            const count = async () => (await api(page, "GET", "/api/recordings/count?label=imbalance")).data.count;
            const with3 = await count();
            await press("Control+z");
            await saved(page);
            assert.equal(await count(), with3 - 3);
        }],
        ["a box is drawn, nudged and labelled by keys", async () => {
            await press("Home", "Enter");
            await page.waitForSelector(".picture canvas");
            await page.waitForSelector(".palette button");
            await press("n", "ArrowRight", "ArrowDown", "Shift+ArrowRight", "3");
            await saved(page);
            const id = Number(page.url().match(/recordings\/(\d+)/)[1]);
            const box = (await api(page, "GET", `/api/recordings/${id}/labels`)).data.regions.find((r) => r.box);
            assert.deepEqual(box.box, { x: 7, y: 7, w: 13, h: 12 });
            await shot(page, "picture-box");
        }],
        ["dark, and without any picture left", async () => {
            await page.emulateMedia({ colorScheme: "dark" });
            await page.goto(`${server.url}/pictures?stream=${stream}&show=all`);
            await page.waitForSelector(".thumb.here");
            await page.waitForFunction(() => [...document.querySelectorAll(".thumb img")].slice(0, 12).every((i) => i.complete));
            await shot(page, "pictures-dark");
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
            await page.goto(`${server.url}/pictures?stream=${stream}`);
            await page.waitForSelector("text=/Every picture has its label|shown/");
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
