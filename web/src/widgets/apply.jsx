// Many label changes at once: what they would do, before they do it; one step to undo.
import { useEffect, useRef } from "preact/hooks";
import { post } from "../api.js";
import { many } from "../format.js";
import { say } from "../store.js";
import { Dialog } from "./pieces.jsx";

/** @param {{title: string, changes: object[], children: any, what?: string, onDone: () => void, onClose: () => void}} p */
export function ApplyDialog({ title, changes, children, what = "label", onDone, onClose }) {
    const go = useRef(null);
    useEffect(() => { go.current?.focus(); }, []);
    const apply = async () => {
        try {
            const answer = await post("/api/labels/bulk", { changes });
            say(`${many(answer.changed.length, what)} changed`, "info", { label: "Undo", run: () => post("/api/labels/bulk", { changes: answer.undo }).then(() => { say("undone"); onDone(); }, (e) => say(e.message, "error")) });
            onDone();
            onClose();
        } catch (e) {
            say(e.message, "error");
        }
    };
    return (
        <Dialog title={title} onClose={onClose}>
            {children}
            <div class="row"><button class="btn primary" ref={go} disabled={!changes.length} onClick={apply}>Change {many(changes.length, what)}</button><button class="btn" onClick={onClose}>Cancel</button></div>
        </Dialog>
    );
}
