// The labels of one recording as a person edits them: shown at once, saved in the background, undoable.
import { useEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { keepUndo, loadUndo, onSaved, save } from "./save.js";
import { loadClasses } from "./api.js";
import { classes, me, say } from "./store.js";

function newId() {
    return [...crypto.getRandomValues(new Uint8Array(9))].map((b) => b.toString(36).padStart(2, "0")).join("");
}

/** What a region is, without what only the server knows. */
function content(r) {
    if (!r) return null;
    const o = { label: r.label, source: r.source || "human" };
    if (!r.whole) Object.assign(o, { start_us: r.start_us, end_us: r.end_us });
    if (r.box) o.box = r.box;
    if (r.model) Object.assign(o, { model: r.model, score: r.score });
    return o;
}

class Regions {
    /** keepAll: takes the whole list after every step, where they are not a recording's labels (a task's answer). */
    constructor(rec, list, changed, keepAll = null, name = rec) {
        this.rec = rec;
        this.name = name;
        this.map = new Map(list.map((r) => [r.region, r]));
        this.stacks = loadUndo(name);
        this.changed = changed;
        this.keepAll = keepAll;
    }
    get list() { return [...this.map.values()].sort((a, b) => (a.start_us ?? -1) - (b.start_us ?? -1)); }
    get whole() { return this.map.get("whole"); }

    /** One step of changes {region, after}; undone together. */
    apply(steps, record = true) {
        const step = [];
        for (const { region, after } of steps) {
            const before = this.map.get(region);
            if (!before && !after) continue;
            step.push({ region, before: content(before), after });
            if (after) this.map.set(region, { rec: this.rec, region, version: before?.version || 0, author: me.get().user.name, whole: after.start_us === undefined, time_ms: Date.now(), ...after, pending: !this.keepAll });
            else this.map.delete(region);
            if (!this.keepAll) save(this.rec, region, after, before?.version || 0);
        }
        if (!step.length) return;
        this.keepAll?.(this.list);
        if (record) {
            this.stacks.undo.push(step);
            this.stacks.redo = [];
            keepUndo(this.name, this.stacks);
        }
        if (steps.some((s) => s.after && !classes.get().some((c) => c.name === s.after.label))) setTimeout(loadClasses, 600);
        this.changed();
    }

    add(label, start_us, end_us, extra = {}) {
        const region = newId();
        this.apply([{ region, after: { label, source: "human", ...(start_us === undefined ? {} : { start_us, end_us }), ...extra } }]);
        return region;
    }
    setWhole(label) {
        const now = this.whole;
        if (now?.label === label) this.apply([{ region: "whole", after: null }]);
        else this.apply([{ region: "whole", after: { label, source: "human" } }]);
    }
    change(region, patch) {
        const now = this.map.get(region);
        if (now) this.apply([{ region, after: { ...content(now), source: "human", model: undefined, score: undefined, ...patch } }]);
    }
    remove(region) { this.apply([{ region, after: null }]); }

    /** While a mouse drags: shown, not saved. */
    preview(region, start_us, end_us) {
        const now = this.map.get(region);
        if (now) this.map.set(region, { ...now, start_us, end_us, was: now.was || content(now) });
        this.changed();
    }
    settle(region) {
        const now = this.map.get(region);
        if (!now?.was) return;
        const after = { ...content(now), source: "human" };
        this.map.set(region, { ...now, ...now.was, was: undefined });
        this.apply([{ region, after }]);
    }

    split(region, t) {
        const r = this.map.get(region);
        if (!r || r.whole || t <= r.start_us || t >= r.end_us) return;
        this.apply([
            { region, after: { ...content(r), end_us: t } },
            { region: newId(), after: { ...content(r), start_us: t } },
        ]);
    }
    /** Joins a region with the next one of the same label. */
    merge(region) {
        const r = this.map.get(region);
        const next = r && this.list.find((x) => !x.whole && x.region !== region && x.label === r.label && x.start_us >= r.start_us);
        if (!next) return say("there is no later region with the same label to merge with");
        this.apply([
            { region, after: { ...content(r), end_us: Math.max(r.end_us, next.end_us) } },
            { region: next.region, after: null },
        ]);
        return undefined;
    }
    /** The stretch without a label around t. */
    gapAt(t, start, end) {
        let a = start, b = end;
        for (const r of this.list) {
            if (r.whole) continue;
            if (r.end_us <= t) a = Math.max(a, r.end_us);
            else if (r.start_us > t) b = Math.min(b, r.start_us);
            else return null;
        }
        return b > a ? { t0: a, t1: b } : null;
    }

    step(from, to, side) {
        const step = this.stacks[from].pop();
        if (!step) return say(from === "undo" ? "nothing to undo here" : "nothing to redo");
        this.stacks[to].push(step);
        keepUndo(this.name, this.stacks);
        this.apply(step.map((s) => ({ region: s.region, after: s[side] })), false);
        return undefined;
    }
    undo() { this.step("undo", "redo", "before"); }
    redo() { this.step("redo", "undo", "after"); }

    /** The server's word on a region. */
    confirmed(region, stored) {
        if (stored === undefined) return;
        const now = this.map.get(region);
        if (stored === null) {
            if (now && !now.pending) this.map.delete(region);
        } else if (now) {
            this.map.set(region, { ...now, version: stored.version, event_id: stored.event_id, author: stored.author, pending: false });
        }
        this.changed();
    }
    /** The server's list after somebody else's change: what is not waiting here is taken over. */
    merged(list) {
        const theirs = new Map(list.map((r) => [r.region, r]));
        for (const [id, r] of this.map) if (!r.pending && !r.was && !theirs.has(id)) this.map.delete(id);
        for (const [id, r] of theirs) {
            const mine = this.map.get(id);
            if (!mine?.pending && !mine?.was) this.map.set(id, r);
        }
        this.changed();
    }
}

/** The regions of an answer to a task: nobody's labels yet. send(list of contents) is called after every step. */
export function useAnswer(item, task, send) {
    const [, changed] = useReducer((n) => n + 1, 0);
    return useMemo(() => new Regions(item.rec, item.regions.map((r, i) => ({ ...r, region: r.whole && !r.box ? "whole" : `a${i}` })), changed,
        (list) => send(list.map(content)), `task${task}.${item.rec}`), [item.rec, task]);
}

/** The regions of a loaded recording; made anew when another recording is shown. */
export function useRegions(recording) {
    const [, changed] = useReducer((n) => n + 1, 0);
    const model = useMemo(() => new Regions(recording.id, recording.regions, changed), [recording.id]);
    const first = useRef(true);
    useEffect(() => { first.current = true; }, [recording.id]);
    useEffect(() => {
        if (first.current) first.current = false;
        else model.merged(recording.regions);
    }, [recording]);
    useEffect(() => onSaved((rec, region, stored) => rec === recording.id && model.confirmed(region, stored)), [recording.id]);
    return model;
}
