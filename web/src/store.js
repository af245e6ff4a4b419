// State that several views share, and a hook that follows a part of it.
import { useLayoutEffect, useState } from "preact/hooks";

/** A value with subscribers. */
export function cell(initial) {
    let value = initial;
    const followers = new Set();
    return {
        get: () => value,
        set(next) {
            if (Object.is(next, value)) return;
            value = next;
            followers.forEach((f) => f(value));
        },
        follow(f) {
            followers.add(f);
            return () => followers.delete(f);
        },
    };
}

export function useCell(c) {
    const [v, setV] = useState(c.get());
    useLayoutEffect(() => {
        setV(c.get());
        return c.follow(setV);
    }, [c]);
    return v;
}

/** Who is signed in: {user: {name, role} | null, csrf, project, version}; null before it is known. */
export const me = cell(null);
/** Label classes in order, retired ones too; known once they were loaded. */
export const classes = cell([]);
export const classesKnown = cell(false);
/** Counters of /api/changes, and how they arrive: "live", "polling" or "offline". */
export const changes = cell({});
export const link = cell("connecting");
/** {text, kind: "info" | "error", action?: {label, run}} or null. */
export const toast = cell(null);

let toastTimer = 0;
export function say(text, kind = "info", action = null) {
    clearTimeout(toastTimer);
    toast.set({ text, kind, action });
    toastTimer = setTimeout(() => toast.set(null), action || kind === "error" ? 9000 : 3500);
}

export const roles = ["ingest", "viewer", "annotator", "reviewer", "admin"];
export function may(role) {
    const user = me.get()?.user;
    return !!user && roles.indexOf(user.role) >= roles.indexOf(role);
}

export const theme = cell(localStorage.getItem("theme") || "auto");
export function applyTheme(t) {
    theme.set(t);
    localStorage.setItem("theme", t);
    if (t === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = t;
}
