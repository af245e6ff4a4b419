// Keyboard: views say which keys they take and what for; the help overlay lists exactly those.
//
// A key is written "a", "Shift+ArrowLeft", "Ctrl+z" (Ctrl stands for Cmd as well) or "g o" (one after the
// other). The layer added last is asked first. Keys typed into a field go to the field.
import { useEffect, useRef } from "preact/hooks";
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

document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || (typing(e) && e.key !== "Escape")) return;
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
});

/**
 * @param {{key: string, also?: string[], what: string, group?: string, run: (e: KeyboardEvent) => any}[]} bindings
 *     a run that returns false leaves the key to the browser
 * @param {boolean} modal  no layer below is asked
 */
export function useKeys(bindings, modal = false) {
    const layer = useRef(null);
    layer.current ??= { current: bindings, modal };
    layer.current.current = bindings;
    useEffect(() => {
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
