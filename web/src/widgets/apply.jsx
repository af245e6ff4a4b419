// Many label changes at once: what they would do, before they do it; one step to undo.
import { useEffect, useRef } from "preact/hooks";
import { post } from "../api.js";
import { many } from "../format.js";
import { say } from "../store.js";
import { Dialog } from "./pieces.jsx";

/** What goes back on a bulk change: the action of a notice, or nothing where nothing was changed. */
export function undoOf(undo, onDone = () => {}) {
    if (!undo?.length) return undefined;
    return { label: "Undo", run: () => post("/api/labels/bulk", { changes: undo }).then(() => { say("undone"); onDone(); }, (e) => say(e.message, "error")) };
}

/** @param {{title: string, changes: object[], children: any, what?: string, onDone: () => void, onClose: () => void}} p */
export function ApplyDialog({ title, changes, children, what = "label", onDone, onClose }) {
    const go = useRef(null);
    useEffect(() => { go.current?.focus(); }, []);
    const apply = async () => {
        try {
            const answer = await post("/api/labels/bulk", { changes });
            say(`${many(answer.changed.length, what)} changed`, "info", undoOf(answer.undo, onDone));
            onDone();
            onClose();
        } catch (e) {
            // Stopped between two steps: what is changed is shown, and goes back by one key like all of it.
            say(e.message, "error", undoOf(e.body?.undo, onDone));
            if (e.body?.undo?.length) onDone();
        }
    };
    return (
        <Dialog title={title} onClose={onClose}>
            {children}
            <div class="row"><button class="btn primary" ref={go} disabled={!changes.length} onClick={apply}>Change {many(changes.length, what)}</button><button class="btn" onClick={onClose}>Cancel</button></div>
        </Dialog>
    );
}
