// Saving labels: every action is sent at once, kept in the browser's storage until the server has it, and
// sent again after the network or the server returns. Undo and redo outlive a reload.
//
// An action names a region of a recording and what it becomes (null: deleted). Actions go out one after
// the other; the region's version known from the last answer is sent along, so that somebody else's
// change in between is noticed instead of overwritten. Where an answer was lost and the action is sent
// again, the stored region equals what was sent: that counts as saved.
import { ApiError, request } from "./api.js";
import { cell, me, say } from "./store.js";

const queueKey = () => `moteloop.queue.${me.get()?.user?.name}`;
const undoKey = (rec) => `moteloop.undo.${me.get()?.user?.name}.${rec}`;
const UNDO_MAX = 300;

/** {state: "saved" | "saving" | "waiting", pending: number, at: ms of the last answer} */
export const saveState = cell({ state: "saved", pending: 0, at: 0 });
/** Conflicts to be decided: {rec, region, mine, theirs} */
export const conflict = cell(null);
const listeners = new Set(); // told of each region that the server confirmed: (rec, region, stored | null)
export function onSaved(f) {
    listeners.add(f);
    return () => listeners.delete(f);
}

let queue = [], running = false, timer = 0, wait = 500;

function read(key, fallback) {
    try {
        return JSON.parse(localStorage.getItem(key)) ?? fallback;
    } catch {
        return fallback;
    }
}
function keep() {
    try {
        localStorage.setItem(queueKey(), JSON.stringify(queue));
    } catch {
        say("this browser's storage is full: unsent labels would be lost by closing the page", "error");
    }
}
function show(state) {
    saveState.set({ state: queue.length ? state : "saved", pending: queue.length, at: queue.length ? saveState.get().at : Date.now() });
}

/** Takes up what an earlier visit could not send. */
export function resume() {
    queue = read(queueKey(), []);
    if (queue.length) say(`${queue.length} unsent label change${queue.length > 1 ? "s" : ""} of an earlier visit: sending`);
    pump();
}

/** Queues one action: what region (an id) of rec becomes. value null deletes. */
export function save(rec, region, value, version) {
    queue.push({ rec, region, value, version });
    keep();
    show("saving");
    pump();
}

/**
 * Queues what a whole resource becomes (a task's answer). What waits for the same path is replaced, because only
 * the last state counts.
 */
export function savePut(to, body) {
    queue = queue.filter((a, i) => a.to !== to || (i === 0 && running));
    queue.push({ to, body });
    keep();
    show("saving");
    pump();
}

function path(a) {
    return `/api/recordings/${a.rec}/labels/${encodeURIComponent(a.region)}`;
}
function same(value, stored) {
    if (!value || !stored) return !value && !stored;
    return value.label === stored.label && (value.start_us ?? null) === (stored.start_us ?? null) &&
        (value.end_us ?? null) === (stored.end_us ?? null) && JSON.stringify(value.box ?? null) === JSON.stringify(stored.box ?? null);
}

async function send(a) {
    if (a.to) return request("PUT", a.to, a.body);
    if (a.value === null) {
        await request("DELETE", path(a), { version: a.version });
        return null;
    }
    return request("PUT", path(a), { ...a.value, version: a.version });
}

function done(a, stored) {
    queue.shift();
    if (a.to) return keep();
    for (const b of queue) {
        if (b.rec === a.rec && b.region === a.region) b.version = stored ? stored.version : 0;
    }
    keep();
    listeners.forEach((f) => f(a.rec, a.region, stored));
    return undefined;
}

function failed(a, e) {
    if (!a.to && e.status === 409 && e.code === "conflict") {
        const stored = e.body?.stored ?? null;
        if (same(a.value, stored) || (a.value === null && !stored)) return done(a, stored);
        done(a, stored);
        queue = queue.filter((b) => !(b.rec === a.rec && b.region === a.region));
        keep();
        conflict.set({ rec: a.rec, region: a.region, mine: a.value, theirs: stored });
        return undefined;
    }
    if (!a.to && e.status === 404 && a.value === null) return done(a, null);
    say(`a label could not be saved: ${e.message}`, "error");
    return done(a, undefined);
}

async function pump() {
    if (running) return;
    running = true;
    clearTimeout(timer);
    while (queue.length) {
        const a = queue[0];
        show(wait > 500 ? "waiting" : "saving");
        try {
            const stored = await send(a);
            wait = 500;
            done(a, stored);
        } catch (e) {
            if (!(e instanceof ApiError)) throw e;
            if (e.status === 0 || e.status >= 500 || e.status === 401 || e.status === 429) {
                wait = Math.min(wait * 2, 8000);
                show("waiting");
                timer = setTimeout(pump, wait);
                running = false;
                return;
            }
            failed(a, e);
        }
    }
    running = false;
    show("saved");
}
window.addEventListener("online", pump);
window.addEventListener("beforeunload", (e) => {
    // Unsent work is in the browser's storage; a closing tab asks only where that failed.
    if (queue.length && localStorage.getItem(queueKey()) === null) e.preventDefault();
});

/** The undo stacks of a recording: lists of {region, before, after} grouped into steps. */
export function loadUndo(rec) {
    return read(undoKey(rec), { undo: [], redo: [] });
}
export function keepUndo(rec, stacks) {
    stacks.undo.splice(0, Math.max(0, stacks.undo.length - UNDO_MAX));
    try {
        localStorage.setItem(undoKey(rec), JSON.stringify(stacks));
    } catch {
        // Without room the stacks live as long as the page.
    }
}
