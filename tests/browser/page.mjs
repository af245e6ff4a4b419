// Chromium for the tests of the page: launched without a display, told on when anything goes wrong in it.
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { shots, skip, source, setupToken } from "./server.mjs";

const modules = join(source, "web/node_modules");
if (!existsSync(join(modules, "playwright-core"))) skip("web/node_modules holds no playwright-core: run 'make deps'");
const chrome = process.env.CHROMIUM || "/usr/bin/chromium";
if (!existsSync(chrome)) skip(`there is no Chromium at ${chrome}`);
const { chromium } = createRequire(join(source, "web/package.json"))("playwright-core");

export const password = "correct horse battery";

export async function launch() {
    return chromium.launch({
        executablePath: chrome,
        args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
}

/** A page of its own session. Errors in it, and requests to any other host, are collected in page.problems. */
export async function open(browser, url, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
    const page = await context.newPage();
    page.problems = [];
    page.on("pageerror", (e) => page.problems.push(`error: ${e.message}`));
    page.on("console", (m) => /Content Security Policy/.test(m.text()) && page.problems.push(m.text()));
    page.on("dialog", (d) => { page.problems.push(`dialog: ${d.message()}`); d.dismiss(); });
    page.on("request", (r) => !r.url().startsWith(url) && !/^(data|blob):/.test(r.url()) && page.problems.push(`foreign request: ${r.url()}`));
    page.setDefaultTimeout(15000);
    return page;
}

/** Makes the first administrator by the one-time link, by keyboard alone. */
export async function setup(page, url, name = "ada") {
    await page.goto(`${url}/setup?token=${setupToken}`);
    await page.waitForSelector("input[name=name]:focus");
    await page.keyboard.type(name);
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".frame");
}

export async function signIn(page, url, name) {
    await page.goto(url);
    await page.waitForSelector("input[name=name]:focus");
    await page.keyboard.type(name);
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".frame");
}

/** A request with the page's session, as its own code would send it. */
export function api(page, method, path, body) {
    return page.evaluate(async ([m, p, b]) => {
        const { csrf } = await (await fetch("/api/me")).json();
        const a = await fetch(p, { method: m, headers: m === "GET" ? {} : { "Content-Type": "application/json", "X-CSRF-Token": csrf }, body: b === null ? undefined : JSON.stringify(b) });
        return { status: a.status, data: await a.json() };
    }, [method, path, body ?? null]);
}

export const saved = (page) => page.waitForFunction(() => document.querySelector("#save-state")?.textContent === "Saved");
export const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`) });

/** Runs named steps one after the other; the first that fails ends the program with its name. */
export async function steps(list) {
    for (const [name, run] of list) {
        const started = Date.now();
        try {
            await run();
            console.log(`ok   ${name} (${Date.now() - started} ms)`);
        } catch (e) {
            console.log(`FAIL ${name}`);
            throw e;
        }
    }
}
