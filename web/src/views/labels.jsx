// The set of labels: keys, colours, guidelines; renaming and merging keep the history.
import { useState } from "preact/hooks";
import { loadClasses, post, put, useApi } from "../api.js";
import { count } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, useTitle } from "../router.jsx";
import { may, say } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Dialog, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";

const api = (name) => `/api/classes/${encodeURIComponent(name)}`;

function Edit({ label, guide, groups, onClose }) {
    const [group, setGroup] = useState(guide?.group || ""), [examples, setExamples] = useState(guide?.examples || []), [rec, setRec] = useState(""), [note, setNote] = useState("");
    const [name, setName] = useState(label?.name || ""), [color, setColor] = useState(label?.color || "#2f6fde");
    const [hotkey, setHotkey] = useState(label?.hotkey || ""), [guideline, setGuideline] = useState(label?.guideline || "");
    const submit = async (e) => {
        e.preventDefault();
        try {
            const moved = label && name !== label.name;
            if (moved) await post(`${api(label.name)}/rename`, { to: name });
            await put(api(name), { color: label || color !== "#2f6fde" ? color : "", hotkey, guideline, retired: false });
            if (may("reviewer") && (group !== (guide?.group || "") || (moved && group))) await put(`${api(name)}/group`, { group });
            for (const x of guide?.examples || []) if (moved || !examples.some((y) => y.rec === x.rec)) await put(`${api(label.name)}/examples/${x.rec}`, { remove: true });
            for (const x of examples) if (moved || !guide?.examples.some((y) => y.rec === x.rec)) await put(`${api(name)}/examples/${x.rec}`, { note: x.note });
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
                    <label class="field grow">Group<input maxLength={64} list="label-groups" value={group} disabled={!may("reviewer")} onInput={(e) => setGroup(e.target.value)} placeholder="none" /><datalist id="label-groups">{groups.map((g) => <option value={g} />)}</datalist></label>
                </div>
                <label class="field">Guideline: when to use it<textarea maxLength={4000} rows={5} value={guideline} onInput={(e) => setGuideline(e.target.value)} /></label>
                <h3>Examples</h3>
                {examples.map((x) => <div class="row small"><Link to={`/recordings/${x.rec}`}>#{x.rec}</Link><span class="grow dim cut">{x.note}</span><button type="button" class="btn ghost icon small" aria-label={`recording ${x.rec} is no example`} onClick={() => setExamples(examples.filter((y) => y !== x))}><Icon name="close" /></button></div>)}
                <div class="row"><input type="number" min="1" style={{ width: "110px" }} placeholder="Recording" aria-label="Recording of the example" value={rec} onInput={(e) => setRec(e.target.value)} /><input class="grow" maxLength={500} placeholder="what it shows" aria-label="What the example shows" value={note} onInput={(e) => setNote(e.target.value)} /><button type="button" class="btn" disabled={!+rec} onClick={() => { setExamples([...examples.filter((y) => y.rec !== +rec), { rec: +rec, note }]); setRec(""); setNote(""); }}>Add</button></div>
                <div class="row"><button class="btn primary">Save</button><button type="button" class="btn" onClick={() => onClose(false)}>Cancel</button></div>
            </form>
        </Dialog>
    );
}

export function LabelsView() {
    useTitle("Labels");
    const { data, error, reload } = useApi("/api/classes", ["classes", "label_event"]);
    const [edit, setEdit] = useState(undefined);
    const guides = useApi("/api/guides", ["classes"]), of = guides.data?.labels || {};
    const groups = [...new Set(Object.values(of).map((g) => g.group).filter(Boolean))].sort();
    const groupOf = (c) => of[c.name]?.group || "";
    const list = [...(data?.classes || [])].sort((a, b) => (groupOf(a) === groupOf(b) ? 0 : !groupOf(a) ? 1 : !groupOf(b) ? -1 : groupOf(a) < groupOf(b) ? -1 : 1));
    const [here, setHere] = useRows(list.length, { open: (i) => may("annotator") && setEdit(list[i]), what: "label", group: "Labels" });
    useKeys(may("annotator") ? [{ key: "n", group: "Labels", what: "new label", run: () => setEdit(null) }] : []);
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
                        <tbody>{list.map((c, i) => <>
                            {groups.length > 0 && (i === 0 || groupOf(list[i - 1]) !== groupOf(c)) && <tr><th colSpan={5} scope="rowgroup" style={{ paddingTop: i ? "16px" : undefined }}>{groupOf(c) || "No group"}</th></tr>}
                            <tr data-row={i} class={i === here ? "here" : ""} style={c.retired_ms ? { opacity: 0.55 } : undefined} onClick={() => setHere(i)}>
                                <td style={{ width: "50px" }}>{c.hotkey && <kbd>{c.hotkey}</kbd>}</td>
                                <td><LabelChip name={c.name} /> {c.retired_ms && <span class="small dim">retired</span>}</td>
                                <td class="dim">{c.guideline || <span class="faint">none yet</span>}{of[c.name]?.examples.length > 0 && <div class="row wrap small">examples: {of[c.name].examples.slice(0, 8).map((x) => <Link to={`/recordings/${x.rec}`} title={x.note}>#{x.rec}</Link>)}</div>}</td>
                                <td class="n"><Link to={`/recordings?label=${encodeURIComponent(c.name)}`}>{count(c.uses)}</Link></td>
                                <td class="right-align">{may("annotator") && <><button class="btn small" onClick={() => setEdit(c)}>Edit</button> <button class="btn small ghost" onClick={() => retire(c)}>{c.retired_ms ? "Bring back" : "Retire"}</button></>}</td>
                            </tr>
                        </>)}</tbody>
                    </table></div>
                )}
            </Card></main>
            {edit !== undefined && <Edit label={edit} guide={edit && of[edit.name]} groups={groups} onClose={(saved) => { setEdit(undefined); if (saved) { reload(); guides.reload(); } }} />}
        </>
    );
}
