// Addresses: "/recordings/12" and the like, by the history API.
import { useEffect, useState } from "preact/hooks";
import { cell, useCell } from "./store.js";

const here = cell(location.pathname + location.search);
window.addEventListener("popstate", () => here.set(location.pathname + location.search));

export function go(to, replace = false) {
    if (to === here.get()) return;
    history[replace ? "replaceState" : "pushState"](null, "", to);
    here.set(to);
    if (!replace) document.querySelector("main")?.scrollTo(0, 0);
}

/** {path: ["recordings", "12"], params: URLSearchParams}. */
export function useRoute() {
    const url = new URL(useCell(here), location.origin);
    return { path: url.pathname.split("/").filter(Boolean).map(decodeURIComponent), params: url.searchParams };
}

export function Link({ to, children, ...rest }) {
    const click = (e) => {
        if (e.button || e.metaKey || e.ctrlKey || e.shiftKey) return;
        e.preventDefault();
        go(to);
    };
    return <a href={to} onClick={click} {...rest}>{children}</a>;
}

/** State that lives in the address, so that a reload or a sent link shows the same. */
export function useParam(name, fallback = "") {
    const { params } = useRoute();
    const value = params.get(name) ?? fallback;
    const set = (v) => {
        const url = new URL(location.href);
        if (v === "" || v === fallback || v === null) url.searchParams.delete(name);
        else url.searchParams.set(name, v);
        go(url.pathname + url.search, true);
    };
    return [value, set];
}

export function useTitle(text) {
    useEffect(() => { document.title = text ? `${text} · Moteloop` : "Moteloop"; }, [text]);
}

/** The time, renewed every so many ms, for "3 s ago". */
export function useNow(every = 5000) {
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        const t = setInterval(() => setNow(Date.now()), every);
        return () => clearInterval(t);
    }, [every]);
    return now;
}
