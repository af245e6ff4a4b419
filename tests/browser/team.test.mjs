// Several people in real browsers, by keyboard alone: a blind task is dealt out, answered, reviewed, measured; a
// returned answer comes back with its note; nothing typed is lost when the network is away.
import assert from "node:assert/strict";
import { startServer } from "./server.mjs";
import { api, launch, open, password, saved, setup, shot, signIn, steps } from "./page.mjs";

const server = await startServer(24);
const browser = await launch();
try {
    const page = await open(browser, server.url);
    const people = {};
    const press = async (p, ...keys) => { for (const k of keys) await p.keyboard.press(k); };
    const answers = async (task) => (await api(page, "GET", `/api/tasks/${task}/answers`)).data.items;
    await steps([
        ["set up three people", async () => {
            await setup(page, server.url);
            for (const name of ["ann", "bob"]) {
                assert.equal((await api(page, "POST", "/api/users", { name, password, role: "annotator" })).status, 201);
                people[name] = await open(browser, server.url);
                await signIn(people[name], server.url, name);
            }
        }],
        ["empty views say what to do", async () => {
            await press(page, "g", "t");
            await page.waitForSelector("text=No task yet");
            await shot(page, "tasks-empty");
            await press(page, "g", "a");
            await page.waitForSelector("text=Nobody has answered a task yet");
            await press(people.ann, "g", "t");
            await people.ann.waitForSelector("text=A reviewer makes tasks");
        }],
        ["a blind task is made by keys", async () => {
            await press(page, "g", "t", "n");
            await page.waitForSelector(".dialog input[type=checkbox]");
            await page.waitForSelector(".dialog input:focus");
            await page.keyboard.type("Second look");
            await press(page, "Tab", "ArrowUp", "Tab");
            await page.keyboard.type("Mark what is odd.");
            await page.waitForSelector(".dialog select[aria-label=Stream] option:text('acc')", { state: "attached" });
            for (let i = 0; i < 14; i++) {
                await press(page, "Tab");
                if (await page.evaluate(() => document.activeElement.getAttribute("aria-label")) === "Stream") await press(page, "ArrowDown"); // acc
                const on = await page.evaluate(() => document.activeElement.closest("label.chip")?.textContent);
                if (on === "ann" || on === "bob") await press(page, "Space");
                if (on === "bob") break;
            }
            await press(page, "Tab", "ArrowDown"); // each judged by two
            assert.equal(await page.inputValue("select[aria-label='Each judged by']"), "2");
            await shot(page, "task-new");
            await press(page, "Enter", "Tab");
            await page.focus(".dialog button.primary");
            await press(page, "Enter");
            await page.waitForSelector("h1:text('Second look')");
            const { data } = await api(page, "GET", "/api/tasks");
            assert.equal(data.tasks[0].each, 2);
            assert.deepEqual((await api(page, "GET", `/api/tasks/${data.tasks[0].id}`)).data.people.map((p) => p.name), ["ann", "bob"]);
        }],
        ["both answer by one key each and see nothing of the other", async () => {
            const asked = { ann: ["1", "2", "2", "3"], bob: ["1", "2", "4", "3"] };
            for (const [name, keys] of Object.entries(asked)) {
                const p = people[name];
                await press(p, "g", "t");
                await p.waitForSelector("tr.here");
                await press(p, "Enter");
                await p.waitForSelector(".work .palette button");
                for (const k of keys) {
                    const before = await p.getAttribute(".plot canvas", "aria-label");
                    await press(p, k);
                    await p.waitForSelector(".palette [aria-pressed=true]");
                    assert.equal((await p.textContent("main")).includes("ada"), false);
                    await press(p, "Enter");
                    await p.waitForFunction((b) => document.querySelector(".plot canvas") && document.querySelector(".plot canvas").getAttribute("aria-label") !== b, before);
                }
                await saved(p);
            }
            await shot(people.bob, "task-work");
            const items = await answers(1);
            assert.equal(items.length, 4);
            assert.ok(items.every((i) => i.answers.length === 2));
            assert.equal((await api(people.ann, "GET", "/api/tasks/1/answers")).status, 403);
        }],
        ["a region answered while the server is away is kept and sent", async () => {
            const p = people.ann;
            await p.waitForSelector(".palette button");
            await p.route("**/answers/**", (r) => r.abort());
            await press(p, "n", "2", "Enter");
            await p.waitForSelector("text=unsent");
            await p.unroute("**/answers/**");
            await saved(p);
            const items = await answers(1);
            const mine = items.flatMap((i) => i.answers).filter((a) => a.person === "ann" && a.regions.some((r) => !r.whole));
            assert.equal(mine.length, 1);
            assert.equal(mine[0].regions[0].label, "bearing");
        }],
        ["agreement is shown per label and between two", async () => {
            await press(page, "g", "a");
            await page.waitForSelector("#alpha");
            const { data } = await api(page, "GET", "/api/quality");
            assert.equal(await page.textContent("#alpha"), data.alpha.toFixed(3));
            assert.ok(data.alpha > 0.5 && data.alpha < 1, `${data.alpha}`);
            await page.waitForSelector(".confusion");
            assert.match(await page.textContent("main"), /the same on 3 of 4/);
            await shot(page, "quality");
        }],
        ["review: agreed ones at once, the rest by a choice or a return", async () => {
            await press(page, "g", "t");
            await page.waitForSelector("tr.here");
            await press(page, "Enter");
            await page.waitForSelector("table[aria-label=Answers] tr.here");
            await shot(page, "task-review");
            await press(page, "a");
            await page.waitForSelector("text=3 answers accepted");
            const open = (await answers(1)).filter((i) => i.answers.every((a) => a.state === "done") && i.answers.length === 2);
            assert.equal(open.length, 1);
            await page.waitForFunction((rec) => document.querySelector("table[aria-label=Answers] tr.here")?.textContent.includes(`#${rec}`) || document.querySelectorAll("table[aria-label=Answers] tr").length > 1, open[0].rec);
            for (let i = 0; i < 5 && !(await page.textContent("table[aria-label=Answers] tr.here")).includes(`#${open[0].rec}`); i++) await press(page, "j");
            await press(page, "2");
            await page.waitForSelector("text=1 answer accepted");
            const chosen = (await answers(1)).find((i) => i.rec === open[0].rec).answers;
            assert.deepEqual(chosen.map((a) => [a.person, a.state]), [["ann", "settled"], ["bob", "accepted"]]);
            const label = (await api(page, "GET", `/api/recordings/${open[0].rec}/labels`)).data.regions[0];
            assert.equal(label.author, "bob");
            await page.waitForFunction(() => document.querySelectorAll("table[aria-label=Answers] tr").length === 1);
            await press(page, "r");
            await page.waitForSelector(".dialog textarea:focus");
            await page.keyboard.type("whole recording too, please");
            await press(page, "Tab", "Enter");
            await page.waitForSelector("text=returned to ann");
            await press(people.ann, "g", "t");
            await people.ann.waitForSelector("tr.here");
            await press(people.ann, "Enter");
            await people.ann.waitForSelector("text=whole recording too, please");
            await shot(people.ann, "task-returned");
        }],
        ["what is left is handed over", async () => {
            const before = (await api(page, "GET", "/api/tasks/1")).data.people;
            await page.goto(`${server.url}/tasks/1`);
            await page.waitForSelector("text=Hand over");
            await page.focus("button:has-text('Hand over')");
            await press(page, "Enter");
            await page.waitForSelector(".dialog option:has-text('ada')", { state: "attached" });
            await page.selectOption(".dialog select", "ada");
            await page.focus(".dialog button.primary");
            await press(page, "Enter");
            await page.waitForFunction(() => document.querySelector("table")?.textContent.includes("ada"));
            const after = (await api(page, "GET", "/api/tasks/1")).data.people;
            assert.equal(after.find((p) => p.name === "ada").todo, before.find((p) => p.name === "ann").todo);
            await shot(page, "task");
        }],
        ["likely errors: the label changes by one key, and gold is set", async () => {
            const wrong = (await api(page, "GET", "/api/queue?by=disagreement&limit=5")).data.items;
            await press(page, "g", "a");
            if (wrong.length) {
                await page.waitForSelector("table[aria-label='Likely label errors'] tr.here");
                await press(page, "a");
                await page.waitForSelector(`text=recording ${wrong[0].recording.id} is ${wrong[0].proposal.label} now`);
            }
            await page.fill("input[aria-label=Recording]", "2");
            await press(page, "Enter");
            await page.waitForSelector(".timeline >> text=#2");
            await page.waitForFunction(async () => (await (await fetch("/api/gold")).json()).gold.length === 1);
        }],
        ["the views fit, in the dark too", async () => {
            await page.emulateMedia({ colorScheme: "dark" });
            for (const view of ["tasks", "tasks/1", "quality"]) {
                await page.goto(`${server.url}/${view}`);
                await page.waitForSelector("table");
                await shot(page, `${view.replace("/", "-")}-dark`);
                assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${view} fits its width`);
            }
        }],
        ["nothing went wrong in the page", async () => assert.deepEqual([...page.problems, ...people.ann.problems, ...people.bob.problems], [])],
    ]);
} finally {
    await browser.close();
    await server.stop();
}
