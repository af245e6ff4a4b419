// Small pieces that every view uses: label chips, states, empty views, dialogs, facts.
import { useEffect, useRef } from "preact/hooks";
import { useKeys } from "../keys.js";
import { classes, useCell } from "../store.js";
import { Icon } from "./icons.jsx";

export function colorOf(name) {
    return classes.get().find((c) => c.name === name)?.color || "#7b8494";
}

/** A label with its colour; the name is always written, so that the colour is never the only signal. */
export function LabelChip({ name, children }) {
    useCell(classes);
    return (
        <span class="chip">
            <span class="dot" style={{ background: colorOf(name) }} />
            <span class="cut">{name}</span>
            {children}
        </span>
    );
}

export function Status({ kind = "", children, title }) {
    return <span class={`status ${kind}`} title={title}><i />{children}</span>;
}

export function Empty({ icon, title, children }) {
    return (
        <div class="empty">
            <Icon name={icon} />
            <b>{title}</b>
            <p>{children}</p>
        </div>
    );
}

/** What an unanswered request shows: nothing at first, the reason when it failed. */
export function Waiting({ error, what }) {
    if (!error) return <div class="empty"><p>Loading {what}…</p></div>;
    return <div class="empty"><Icon name="alert" /><b>{what} cannot be shown</b><p>{error.message}</p></div>;
}

export function Card({ title, extra, span = "s12", children, class: cls = "" }) {
    return (
        <section class={`card ${span} ${cls}`}>
            {title && <header><h2>{title}</h2>{extra}</header>}
            <div class="body">{children}</div>
        </section>
    );
}

export function Dialog({ title, onClose, children, wide }) {
    const box = useRef(null);
    useKeys([{ key: "Escape", what: "close", run: onClose }], true);
    useEffect(() => {
        const before = document.activeElement;
        (box.current.querySelector("[autofocus], input, select, textarea, button.primary") || box.current).focus();
        return () => before?.focus?.();
    }, []);
    const trap = (e) => {
        if (e.key !== "Tab") return;
        const all = [...box.current.querySelectorAll("button, input, select, textarea, a[href]")].filter((x) => !x.disabled);
        if (!all.length) return;
        const edge = e.shiftKey ? all[0] : all[all.length - 1];
        if (document.activeElement === edge) {
            e.preventDefault();
            (e.shiftKey ? all[all.length - 1] : all[0]).focus();
        }
    };
    return (
        <div class="veil" onClick={(e) => e.target === e.currentTarget && onClose()}>
            <div class={`dialog ${wide ? "wide" : ""}`} role="dialog" aria-modal="true" aria-label={title} tabIndex={-1} ref={box} onKeyDown={trap}>
                <div class="row"><h2 class="grow">{title}</h2>
                    <button class="btn ghost icon" onClick={onClose} aria-label="Close"><Icon name="close" /></button></div>
                {children}
            </div>
        </div>
    );
}

/** Rows of [name, value]; rows without a value are left out. */
export function Facts({ rows }) {
    return (
        <dl class="facts">
            {rows.filter((r) => r && r[1] !== null && r[1] !== undefined && r[1] !== "").map(([k, v]) => [<dt>{k}</dt>, <dd>{v}</dd>])}
        </dl>
    );
}

export function Bars({ rows, total }) {
    const most = Math.max(1, total || 0, ...rows.map((r) => r.value));
    return (
        <div class="col" style={{ gap: "9px" }}>
            {rows.map((r) => (
                <div>
                    <div class="row small"><span class="grow cut">{r.name}</span><span class="dim">{r.text ?? r.value}</span></div>
                    <div class="bar"><i style={{ width: `${(100 * r.value) / most}%`, background: r.color }} /></div>
                </div>
            ))}
        </div>
    );
}

export function Tabs({ value, onChange, items }) {
    return (
        <div class="tabs" role="tablist">
            {items.map(([id, name]) => (
                <button role="tab" aria-selected={value === id} onClick={() => onChange(id)}>{name}</button>
            ))}
        </div>
    );
}
