// A video beside the signals in a real browser: attached, played in step, laid against the signals by dragging and by
// keys, kept across a reload, detached. The video is recorded here from a canvas.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { skip, startServer } from "./server.mjs";
import { api, launch, open, saved, setup, shot, steps } from "./page.mjs";

const server = await startServer(24);
const browser = await launch();
try {
    const page = await open(browser, server.url);
    const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
    const info = async () => (await api(page, "GET", "/api/recordings/5/video/info")).data.video;
    const webm = await page.evaluate(async () => {
        if (!window.MediaRecorder || !MediaRecorder.isTypeSupported("video/webm")) return null;
        const c = document.createElement("canvas");
        Object.assign(c, { width: 160, height: 120 });
        const g = c.getContext("2d"), r = new MediaRecorder(c.captureStream(25), { mimeType: "video/webm" }), parts = [];
        r.ondataavailable = (e) => parts.push(e.data);
        const ended = new Promise((done) => { r.onstop = done; });
        r.start();
        for (let i = 0; i < 50; i++) { g.fillStyle = `hsl(${i * 7} 70% 50%)`; g.fillRect(0, 0, 160, 120); g.fillStyle = "#fff"; g.font = "40px sans-serif"; g.fillText(String(i), 50, 75); await new Promise((done) => setTimeout(done, 30)); }
        r.stop();
        await ended;
        const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
        let text = "";
        bytes.forEach((b) => { text += String.fromCharCode(b); });
        return btoa(text);
    });
    if (!webm) { await browser.close(); await server.stop(); skip("this Chromium records no video"); }
    const file = join(server.dir, "clip.webm");
    writeFileSync(file, Buffer.from(webm, "base64"));
    await steps([
        ["set up", async () => setup(page, server.url)],
        ["a video is attached; what is none is refused", async () => {
            await page.goto(`${server.url}/recordings/5`);
            await page.waitForSelector("input[type=file]", { state: "attached" });
            writeFileSync(join(server.dir, "none.webm"), "this is no video at all");
            await page.setInputFiles("input[type=file]", join(server.dir, "none.webm"));
            await page.waitForSelector("text=this is no MP4 or WebM file");
            assert.equal(await info(), null);
            await page.setInputFiles("input[type=file]", file);
            await page.waitForSelector(".video-box video");
            assert.equal((await info()).type, "video/webm");
            await page.waitForFunction(() => document.querySelector("video").readyState >= 2);
        }],
        ["it plays in step with the signals", async () => {
            await page.focus("canvas");
            await press("Space");
            await page.waitForFunction(() => document.querySelector("video").currentTime > 0.3);
            await shot(page, "recording-video");
            const playing = await page.evaluate(() => !document.querySelector("video").paused || document.querySelector("video").ended);
            assert.ok(playing);
            await page.evaluate(() => document.querySelector("video").pause());
        }],
        ["its offset is dragged, nudged by keys, and kept", async () => {
            const bar = await page.locator(".video-bar").boundingBox();
            await page.mouse.move(bar.x + 60, bar.y + 10);
            await page.mouse.down();
            await page.mouse.move(bar.x + 160, bar.y + 10, { steps: 4 });
            await page.mouse.up();
            await saved(page);
            const dragged = (await info()).offset_us;
            assert.ok(dragged > 1e6 && dragged < 6e6, `${dragged}`); // 100 pixels of a view of 20 s
            await page.focus("canvas");
            await press(".", ".");
            await saved(page);
            assert.equal((await info()).offset_us, dragged + 80000);
            await page.reload();
            await page.waitForSelector(".video-bar");
            assert.match(await page.textContent(".video-bar"), new RegExp(((dragged + 80000) / 1e6).toFixed(2).replace(".", "\\.")));
        }],
        ["byte ranges are answered; it is detached", async () => {
            const piece = await page.evaluate(async () => { const a = await fetch("/api/recordings/5/video", { headers: { Range: "bytes=4-13" } }); return [a.status, (await a.arrayBuffer()).byteLength, a.headers.get("content-range")]; });
            assert.equal(piece[0], 206);
            assert.equal(piece[1], 10);
            assert.match(piece[2], /^bytes 4-13\/\d+$/);
            const beyond = await page.evaluate(async () => (await fetch("/api/recordings/5/video", { headers: { Range: "bytes=99999999-" } })).status);
            assert.equal(beyond, 416);
            await page.focus("button[aria-label='Detach the video']");
            await press("Enter");
            await page.waitForFunction(() => !document.querySelector("video"));
            assert.equal(await info(), null);
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual(page.problems, [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
