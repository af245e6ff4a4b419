// The only module that fetches.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { changes, classes, classesKnown, link, me } from "./store.js";

export class ApiError extends Error {
    constructor(status, code, message, body) {
        super(message);
        this.status = status;
        this.code = code;
        this.body = body;
    }
}

/** One request; answers parsed JSON or throws ApiError (status 0: the server was not reached). */
export async function request(method, path, body) {
    const headers = {};
    if (method !== "GET") {
        headers["Content-Type"] = "application/json";
        headers["X-CSRF-Token"] = me.get()?.csrf || "";
    }
    let answer;
    try {
        answer = await fetch(path, { method, headers, body: body === undefined || method === "GET" ? undefined : JSON.stringify(body) });
    } catch {
        throw new ApiError(0, "offline", "the server cannot be reached");
    }
    const data = await answer.json().catch(() => null);
    if (!answer.ok) {
        if (answer.status === 401 && me.get()?.user) me.set({ ...me.get(), user: null });
        const error = data?.error || { code: "failed", message: `the server answered ${answer.status}` };
        throw new ApiError(answer.status, error.code, error.message, data);
    }
    return data;
}
/** A file as the body of a PUT. */
export async function putFile(path, file) {
    const answer = await fetch(path, { method: "PUT", headers: { "Content-Type": "application/octet-stream", "X-CSRF-Token": me.get()?.csrf || "" }, body: file }).catch(() => { throw new ApiError(0, "offline", "the server cannot be reached"); });
    const data = await answer.json().catch(() => null);
    if (!answer.ok) throw new ApiError(answer.status, data?.error?.code || "failed", data?.error?.message || `the server answered ${answer.status}`, data);
    return data;
}
export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);
export const put = (path, body = {}) => request("PUT", path, body);

/** A query string of what is set. */
export function query(o) {
    const p = new URLSearchParams();
    for (const [k, v] of Object.entries(o)) {
        if (v !== undefined && v !== null && v !== "") p.set(k, v);
    }
    const s = p.toString();
    return s ? `?${s}` : "";
}

export async function loadMe() {
    me.set(await get("/api/me"));
}
export async function loadClasses() {
    classes.set((await get("/api/classes")).classes);
    classesKnown.set(true);
}

/**
 * What a GET answers, refreshed when one of the named counters moves (at most once in 400 ms).
 * @returns {{data: any, error: ApiError|null, reload: () => void}}
 */
export function useApi(path, counters = []) {
    const [state, setState] = useState({ data: null, error: null, path: null });
    const wanted = useRef(path);
    wanted.current = path;
    const reload = useCallback(() => {
        if (!path) return;
        get(path).then(
            (data) => wanted.current === path && setState({ data, error: null, path }),
            (error) => wanted.current === path && setState((s) => ({ data: s.path === path ? s.data : null, error, path })),
        );
    }, [path]);
    useEffect(reload, [reload]);
    useEffect(() => {
        if (!counters.length) return undefined;
        const key = (c) => counters.map((n) => c[n]).join();
        let last = key(changes.get()), timer = 0;
        const stop = changes.follow((c) => {
            if (key(c) === last) return;
            last = key(c);
            timer ||= setTimeout(() => { timer = 0; reload(); }, 400);
        });
        return () => { stop(); clearTimeout(timer); };
    }, [reload, counters.join()]);
    return { data: state.path === path ? state.data : null, error: state.path === path ? state.error : null, reload };
}

let source = null, poll = 0;
function polling() {
    source?.close();
    source = null;
    clearTimeout(poll);
    const round = async () => {
        try {
            changes.set(await get("/api/changes"));
            link.set("polling");
        } catch (e) {
            link.set(e.status === 0 ? "offline" : "polling");
        }
        if (me.get()?.user) poll = setTimeout(round, 2000);
    };
    round();
}

/** Follows the server's counters: by event stream, by polling where there is none. */
export function startLive() {
    stopLive();
    let opened = false, failures = 0;
    source = new EventSource("/api/stream");
    source.addEventListener("change", (e) => {
        opened = true;
        failures = 0;
        link.set("live");
        changes.set(JSON.parse(e.data));
    });
    source.onerror = () => {
        link.set("offline");
        if (++failures > (opened ? 5 : 1) || source?.readyState === EventSource.CLOSED) polling();
    };
    setTimeout(() => !opened && source && polling(), 6000);
}
export function stopLive() {
    source?.close();
    source = null;
    clearTimeout(poll);
}

/**
 * What a device measures now: onMessage("samples" | "event", message), onState("live" | "polling" | "offline").
 * By event stream, by asking again where there is none. Returns what ends it.
 */
export function followLive(device, onMessage, onState) {
    const path = `/api/devices/${encodeURIComponent(device)}/live`;
    let ended = false, opened = false, after = 0, timer = 0, events = null;
    const ask = async () => {
        if (ended) return;
        try {
            const d = await get(`${path}?after=${after}`);
            after = d.after;
            onState("polling");
            d.messages.forEach((m) => onMessage(m.kind, m));
        } catch {
            onState("offline");
        }
        if (!ended) timer = setTimeout(ask, 400);
    };
    const stream = () => {
        events = new EventSource(path);
        for (const kind of ["samples", "event"]) events.addEventListener(kind, (e) => { opened = true; onState("live"); onMessage(kind, JSON.parse(e.data)); });
        events.onopen = () => { opened = true; };
        events.onerror = () => {
            onState("offline");
            if (events.readyState === EventSource.CLOSED || !opened) { events.close(); if (!timer) ask(); }
        };
    };
    stream();
    return () => { ended = true; clearTimeout(timer); events.close(); };
}
