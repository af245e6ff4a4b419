// The set of labels: keys, colours, guidelines; renaming and merging keep the history.
import { useState } from "preact/hooks";
import { loadClasses, post, put, useApi } from "../api.js";
import { count } from "../format.js";
import { Link, useTitle } from "../router.jsx";
import { may, say } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Dialog, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";

function Edit({ label, onClose }) {
    const [name, setName] = useState(label?.name || ""), [color, setColor] = useState(label?.color || "#2f6fde");
    const [hotkey, setHotkey] = useState(label?.hotkey || ""), [guideline, setGuideline] = useState(label?.guideline || "");
    const submit = async (e) => {
        e.preventDefault();
        try {
            if (label && name !== label.name) await post(`/api/classes/${encodeURIComponent(label.name)}/rename`, { to: name });
            await put(`/api/classes/${encodeURIComponent(name)}`, { color: label || color !== "#2f6fde" ? color : "", hotkey, guideline, retired: false });
            await loadClasses();
            onClose(true);
        } catch (problem) {
            say(problem.message, "error");
        }
    };
    return (
        <Dialog title={label ? `Label ${label.name}` : "New label"} onClose={() => onClose(false)}>
            <form class="col" onSubmit={submit}>
                <label class="field">Name<input required maxLength={64} value={name} onInput={(e) => setName(e.target.value)} disabled={label && !may("reviewer")} /></label>
                {label && name !== label.name && <div class="notice warn small">Every use is relabelled; where “{name}” exists already the two are merged. History keeps both names.</div>}
                <div class="row">
                    <label class="field">Key<input maxLength={1} pattern="[0-9a-z]" style={{ width: "64px" }} value={hotkey} onInput={(e) => setHotkey(e.target.value.toLowerCase())} placeholder="next" /></label>
                    <label class="field">Colour<input type="color" value={color} onInput={(e) => setColor(e.target.value)} /></label>
                </div>
                <label class="field">Guideline: when to use it<textarea maxLength={4000} rows={5} value={guideline} onInput={(e) => setGuideline(e.target.value)} /></label>
                <div class="row"><button class="btn primary">Save</button><button type="button" class="btn" onClick={() => onClose(false)}>Cancel</button></div>
            </form>
        </Dialog>
    );
}

export function LabelsView() {
    useTitle("Labels");
    const { data, error, reload } = useApi("/api/classes", ["classes", "label_event"]);
    const [edit, setEdit] = useState(undefined);
    const retire = async (c) => {
        try {
            await put(`/api/classes/${encodeURIComponent(c.name)}`, { retired: !c.retired_ms });
            await loadClasses();
            reload();
        } catch (e) {
            say(e.message, "error");
        }
    };
    return (
        <>
            <Top title={<h1>Labels</h1>}><a class="btn small" href="/api/labels/export?format=csv" download="labels.csv"><Icon name="down" />CSV</a><a class="btn small" href="/api/labels/export?format=label-studio" download="labels.json"><Icon name="down" />Label Studio</a>{may("annotator") && <button class="btn small primary" onClick={() => setEdit(null)}><Icon name="plus" />New label</button>}</Top>
            <main><Card>
                {!data ? <Waiting error={error} what="Labels" /> : !data.classes.length ? <Empty icon="labels" title="No labels yet">Make the first one, or label a recording: a new name makes a new label.</Empty> : (
                    <div class="scroll-x"><table>
                        <thead><tr><th>Key</th><th>Label</th><th>Guideline</th><th class="n">Uses</th><th /></tr></thead>
                        <tbody>{data.classes.map((c) => (
                            <tr style={c.retired_ms ? { opacity: 0.55 } : undefined}>
                                <td style={{ width: "50px" }}>{c.hotkey && <kbd>{c.hotkey}</kbd>}</td>
                                <td><LabelChip name={c.name} /> {c.retired_ms && <span class="small dim">retired</span>}</td>
                                <td class="dim">{c.guideline || <span class="faint">none yet</span>}</td>
                                <td class="n"><Link to={`/recordings?label=${encodeURIComponent(c.name)}`}>{count(c.uses)}</Link></td>
                                <td class="right-align">{may("annotator") && <><button class="btn small" onClick={() => setEdit(c)}>Edit</button> <button class="btn small ghost" onClick={() => retire(c)}>{c.retired_ms ? "Bring back" : "Retire"}</button></>}</td>
                            </tr>
                        ))}</tbody>
                    </table></div>
                )}
            </Card></main>
            {edit !== undefined && <Edit label={edit} onClose={(saved) => { setEdit(undefined); if (saved) reload(); }} />}
        </>
    );
}
