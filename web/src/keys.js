// Keyboard: views say which keys they take and what for; the help overlay lists exactly those.
//
// A key is written "a", "Shift+ArrowLeft", "Ctrl+z" (Ctrl stands for Cmd as well) or "g o" (one after the
// other). The layer added last is asked first. Keys typed into a field go to the field.
//
// A key pressed while a view still waits for its data is not dropped: useHold keeps it, and it is played
// when the view is there. Layers are added in layout effects, that is, in the same turn in which the view
// appears: what is in sight takes keys.
import { useLayoutEffect, useRef } from "preact/hooks";
import { cell } from "./store.js";

const layers = [];
export const layerCount = cell(0);
let prefix = "", prefixTimer = 0;

function nameOf(e) {
    let s = "";
    if (e.ctrlKey || e.metaKey) s += "Ctrl+";
    if (e.altKey) s += "Alt+";
    if (e.shiftKey && (e.key.length > 1 || e.ctrlKey || e.metaKey)) s += "Shift+";
    return s + (e.key === " " ? "Space" : e.key.length === 1 && !e.shiftKey ? e.key.toLowerCase() : e.key.length === 1 && (e.ctrlKey || e.metaKey) ? e.key.toLowerCase() : e.key);
}

function typing(e) {
    const t = e.target;
    return t instanceof HTMLElement && (t.isContentEditable || t.tagName === "TEXTAREA" || t.tagName === "SELECT" ||
        (t.tagName === "INPUT" && !["checkbox", "radio", "range", "button"].includes(t.type)));
}

const HELD_MAX = 40, HELD_MS = 15000;
let holders = 0, held = [];

/** Keys that nobody takes while waiting is true are kept, and played once it is false. */
export function useHold(waiting) {
    useLayoutEffect(() => {
        if (!waiting) return undefined;
        holders++;
        return () => {
            if (--holders) return;
            const list = held;
            held = [];
            setTimeout(() => list.forEach((h) => Date.now() - h.at < HELD_MS && h.from === location.pathname && press(h.event)), 0);
        };
    }, [waiting]);
}

document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || (typing(e) && e.key !== "Escape")) return;
    press(e);
});

function press(e) {
    const name = nameOf(e);
    const full = prefix ? `${prefix} ${name}` : name;
    clearTimeout(prefixTimer);
    prefix = "";
    for (let i = layers.length - 1; i >= 0; i--) {
        const bound = layers[i].current.find((b) => b.key === full || b.also?.includes(full));
        if (bound) {
            if (name === "Enter" || name === "Space") {
                if (e.target instanceof HTMLElement && ["BUTTON", "A"].includes(e.target.tagName)) return;
            }
            if (bound.run(e) !== false) e.preventDefault();
            return;
        }
        if (layers[i].current.some((b) => b.key.startsWith(`${full} `))) {
            prefix = full;
            prefixTimer = setTimeout(() => { prefix = ""; }, 1200);
            return;
        }
        if (layers[i].modal) return;
    }
    if (holders && held.length < HELD_MAX && e.key.length === 1 && !e.ctrlKey && !e.metaKey) held.push({ event: e, at: Date.now(), from: location.pathname });
}

/**
 * @param {{key: string, also?: string[], what: string, group?: string, run: (e: KeyboardEvent) => any}[]} bindings
 *     a run that returns false leaves the key to the browser
 * @param {boolean} modal  no layer below is asked
 */
export function useKeys(bindings, modal = false) {
    const layer = useRef(null);
    layer.current ??= { current: bindings, modal };
    layer.current.current = bindings;
    useLayoutEffect(() => {
        layers.push(layer.current);
        layerCount.set(layers.length);
        return () => {
            layers.splice(layers.indexOf(layer.current), 1);
            layerCount.set(layers.length);
        };
    }, []);
}

/** Every key that would do something now, the topmost view's first. */
export function allKeys() {
    const seen = new Set(), out = [];
    for (const l of [...layers].reverse()) {
        for (const b of l.current) {
            if (b.what && !seen.has(b.key)) out.push(b);
            seen.add(b.key);
        }
    }
    return out;
}
