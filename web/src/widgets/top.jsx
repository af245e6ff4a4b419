// The line above every view: its title and tools, whether everything is saved, whether the page is live.
import { useState } from "preact/hooks";
import { saveState } from "../save.js";
import { applyTheme, link, theme, useCell } from "../store.js";
import { Icon } from "./icons.jsx";
import { Status } from "./pieces.jsx";

/** Whether everything typed is stored: always in sight. */
function SaveBadge() {
    const s = useCell(saveState);
    if (s.state === "saved") return <span class="chip good" id="save-state" title={s.at ? "every change is stored" : "nothing to save"}><Icon name="check" />Saved</span>;
    if (s.state === "saving") return <span class="chip accent" id="save-state">Saving…</span>;
    return <span class="chip warn" id="save-state" title="kept in this browser until the server has them"><Icon name="alert" />{s.pending} unsent, trying again</span>;
}

function LinkBadge() {
    const l = useCell(link);
    const kinds = { live: ["good", "Live"], polling: ["warn", "Polling"], offline: ["bad", "Offline"], connecting: ["", "Connecting"] };
    return <Status kind={kinds[l][0]} title="how this page learns of changes">{kinds[l][1]}</Status>;
}

export function Top({ title, children }) {
    const now = useCell(theme);
    const dark = now === "dark" || (now === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    const [, again] = useState(0);
    const flip = () => { applyTheme(dark ? "light" : "dark"); again((n) => n + 1); };
    return (
        <div class="top">
            {title}
            <div class="grow" />
            {children}
            <SaveBadge /><LinkBadge />
            <button class="btn ghost icon" onClick={flip} title={dark ? "Light colours" : "Dark colours"} aria-label={dark ? "Light colours" : "Dark colours"}><Icon name={dark ? "sun" : "moon"} /></button>
            <button class="btn ghost icon" onClick={() => window.dispatchEvent(new Event("show-help"))} title="Keys (?)" aria-label="Keys"><Icon name="help" /></button>
        </div>
    );
}
