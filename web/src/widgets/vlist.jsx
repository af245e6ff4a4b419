// A list of any length of which only the rows in sight exist, fed by pages of an API list.
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { get, query } from "../api.js";

const PAGE = 100;
const TALLEST = 8e6; // browsers lose precision far beyond; taller lists are scaled

/**
 * Pages of path with a filter, loaded as rows are asked for.
 * @returns {{total: number|null, error: Error|null, row: (i: number) => object|undefined, need: (a: number, b: number) => void, refresh: () => void}}
 */
export function usePages(path, filter, member) {
    const [, again] = useReducer((n) => n + 1, 0);
    const [state, setState] = useState({ total: null, error: null });
    const store = useMemo(() => ({ pages: new Map(), asked: new Set(), stale: new Set(), live: true }), [path, filter]);
    const current = useRef(store);
    current.current = store;
    const load = (p) => {
        if (store.asked.has(p)) return;
        store.asked.add(p);
        get(path + query({ ...filter, limit: PAGE, offset: p * PAGE })).then(
            (data) => {
                store.pages.set(p, data[member]);
                store.asked.delete(p);
                store.stale.delete(p);
                if (current.current === store) again();
            },
            (error) => { store.asked.delete(p); if (current.current === store && !store.pages.size) setState((s) => ({ ...s, error })); },
        );
    };
    const counted = () => get(`${path}/count${query(filter)}`).then((d) => current.current === store && setState({ total: d.count, error: null }), (error) => current.current === store && setState({ total: null, error }));
    useEffect(() => {
        setState({ total: null, error: null });
        counted();
        load(0);
    }, [store]);
    const last = useRef([0, 0]);
    const timer = useRef(0);
    return {
        ...state,
        row: (i) => store.pages.get(Math.floor(i / PAGE))?.[i % PAGE],
        need(a, b) {
            last.current = [a, b];
            for (let p = Math.floor(a / PAGE); p <= Math.floor(b / PAGE); p++) if (!store.pages.has(p) || store.stale.has(p)) load(p);
        },
        refresh() {
            // At most twice a second; what is in sight first, the rest when it comes into sight.
            timer.current ||= setTimeout(() => {
                timer.current = 0;
                for (const p of store.pages.keys()) store.stale.add(p);
                counted();
                const [a, b] = last.current;
                for (let p = Math.floor(a / PAGE); p <= Math.floor(b / PAGE); p++) load(p);
            }, 500);
        },
    };
}

export function VirtualList({ pages, rowHeight, here, render, head, label }) {
    const box = useRef(null);
    const [scroll, setScroll] = useState(0), [height, setHeight] = useState(600);
    const total = pages.total || 0, full = total * rowHeight, shown = Math.min(full, TALLEST), scale = full > shown ? (full - height) / (shown - height) : 1;
    useEffect(() => {
        const o = new ResizeObserver(() => box.current && setHeight(box.current.clientHeight));
        o.observe(box.current);
        return () => o.disconnect();
    }, []);
    const top = scroll * scale, first = Math.max(0, Math.floor(top / rowHeight) - 4), last = Math.min(total - 1, Math.ceil((top + height) / rowHeight) + 4);
    useEffect(() => { if (total) pages.need(first, last); }, [first, last, total, pages]);
    useEffect(() => {
        if (here === undefined || !box.current) return;
        const at = here * rowHeight, now = box.current.scrollTop * scale;
        if (at < now) box.current.scrollTop = at / scale;
        else if (at + rowHeight * 2 > now + height) box.current.scrollTop = (at + rowHeight * 2 - height) / scale;
    }, [here]);
    const rows = [];
    for (let i = first; i <= last; i++) rows.push(render(pages.row(i), i, { top: `${i * rowHeight - top + scroll}px`, height: `${rowHeight}px` }));
    return (
        <div class="vlist" ref={box} tabIndex={0} role="grid" aria-label={label} aria-rowcount={total} onScroll={(e) => setScroll(e.currentTarget.scrollTop)}>
            {head}
            <div class="pad" style={{ height: `${shown}px` }}>{rows}</div>
        </div>
    );
}
