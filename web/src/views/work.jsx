// Work on a task: one recording after the other, with nothing of what others or a model said about it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../api.js";
import { duration } from "../format.js";
import { useHold, useKeys } from "../keys.js";
import { useAnswer } from "../regions.js";
import { Link, go, useTitle } from "../router.jsx";
import { savePut } from "../save.js";
import { classes, classesKnown, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Empty, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";
import { PictureStage } from "./picture.jsx";
import { SignalStage } from "./signal.jsx";

export function WorkView({ id }) {
    const [task, setTask] = useState(null), [list, setList] = useState(null), [error, setError] = useState(null), [recording, setRecording] = useState(null), [count, setCount] = useState(0);
    const finished = useRef(new Set());
    const known = useCell(classesKnown);
    const load = () => get(`/api/tasks/${id}/todo?limit=100`).then((d) => { setTask(d.task); setList(d.items.filter((i) => !finished.current.has(i.rec))); }, setError);
    useEffect(() => { load(); }, [id]);
    useTitle(task?.name || "Work");
    const item = list?.[0];
    useEffect(() => {
        let live = true;
        setRecording(null);
        // Labels, hints and the model's word stay out: what is asked for is this person's own judgement.
        if (item) get(`/api/recordings/${item.rec}`).then((r) => live && setRecording({ ...r, regions: [], events: [], labels: [], hint: "" }), (e) => live && setError(e));
        return () => { live = false; };
    }, [item?.rec]);
    const there = recording && item && recording.id === item.rec;
    useHold(!error && (!list || (!!item && !there) || !known));
    const next = (done) => {
        if (done) { finished.current.add(item.rec); setCount((n) => n + 1); }
        setList((l) => (done ? l.slice(1) : [...l.slice(1), l[0]]));
        if (done && list.length < 2) load();
    };
    const title = <div class="row" style={{ minWidth: 0 }}><Link class="btn ghost icon" to={`/tasks/${id}`} aria-label="The task"><Icon name="left" /></Link><h1 class="cut">{task?.name || "Work"}</h1>{list && <span class="chip">{task.mine > list.length + count ? task.mine - count : list.length} left</span>}{count > 0 && <span class="chip good">{count} done now</span>}</div>;
    return (
        <>
            <Top title={title} />
            {!list || error ? <main><Waiting error={error} what="The task" /></main> : !item ? (
                <main><Card><Empty icon="quality" title="You have answered all of it">A reviewer looks at what needs it. <Link to="/tasks">Other tasks</Link> or the <Link to="/queue">queue</Link> have more.</Empty></Card></main>
            ) : !there ? <main><Waiting what={`Recording ${item.rec}`} /></main> : <Item key={item.rec} task={task} item={item} recording={recording} onNext={next} />}
        </>
    );
}

function Item({ task, item, recording, onNext }) {
    const list = useCell(classes).filter((c) => !c.retired_ms);
    const started = useMemo(() => Date.now(), []);
    const path = `/api/tasks/${task.id}/answers/${item.rec}`, last = useRef(null);
    const regions = useAnswer(item, task.id, (all) => { last.current = all; savePut(path, { regions: all, done: false }); });
    const [selected, setSelected] = useState(null);
    const stage = useRef(null);
    const register = (s) => { stage.current = s; };
    const label = (name) => stage.current?.label(name);
    const done = () => {
        savePut(path, { regions: last.current || item.regions.map((r) => ({ label: r.label, ...(r.whole ? {} : { start_us: r.start_us, end_us: r.end_us }), ...(r.box ? { box: r.box } : {}) })), done: true, took_ms: Date.now() - started });
        onNext(true);
    };
    const step = (n) => {
        const all = regions.list.filter((r) => !r.whole || r.box);
        if (!all.length) return false;
        const i = all.findIndex((r) => r.region === selected), to = all[(i + n + all.length) % all.length];
        setSelected(to.region);
        stage.current?.reveal?.(to);
        return true;
    };
    useKeys([
        { key: "Enter", group: "Task", what: "done, next recording", run: done },
        { key: "j", group: "Task", what: "later, show another one first", run: () => onNext(false) },
        { key: "u", group: "Task", what: "back to the task", run: () => go(`/tasks/${task.id}`) },
        { key: "Ctrl+z", group: "Labels", what: "undo", run: () => regions.undo() },
        { key: "Ctrl+Shift+z", also: ["Ctrl+y"], group: "Labels", what: "redo", run: () => regions.redo() },
        { key: "Delete", also: ["Backspace"], group: "Labels", what: "delete the selected region", run: () => selected && (regions.remove(selected), setSelected(null)) },
        { key: "Tab", group: "Labels", what: "select the next region", run: (e) => (e.target.tagName === "CANVAS" || e.target === document.body ? step(1) : false) },
        ...list.filter((c) => c.hotkey).map((c) => ({ key: c.hotkey, group: "Label the selection, or the whole recording", what: c.name, run: () => label(c.name) })),
    ]);
    const chosen = regions.map.get(selected), active = chosen ? chosen.label : regions.whole?.label, all = regions.list;
    const Stage = recording.width > 0 ? PictureStage : SignalStage;
    return (
        <main class="flush"><div class="work">
            <Stage recording={recording} regions={regions} selected={selected} select={setSelected} register={register} />
            <aside class="panel" aria-label="Your answer">
                {item.state === "returned" && <section><div class="notice warn"><div><b>Returned</b><br />{item.note}</div></div></section>}
                {task.note && <section><p class="small dim" style={{ whiteSpace: "pre-wrap" }}>{task.note}</p></section>}
                <section>
                    <h3>{chosen ? "Label of the selected region" : "Label of the selection, or the whole recording"}</h3>
                    <div class="palette">{list.map((c) => (
                        <button aria-pressed={active === c.name} onClick={() => label(c.name)} title={c.guideline}><span class="swatch" style={{ background: c.color }} /><span class="grow cut">{c.name}</span>{c.hotkey && <kbd>{c.hotkey}</kbd>}</button>
                    ))}</div>
                </section>
                <section>
                    <h3>{all.length ? `Your answer: ${all.length}` : "Nothing marked yet"}</h3>
                    <div class="regions">{all.map((r) => (
                        <button aria-pressed={r.region === selected} onClick={() => { setSelected(r.region); stage.current?.reveal?.(r); }}><span class="swatch" style={{ background: list.find((c) => c.name === r.label)?.color || "#7b8494" }} /><span class="cut">{r.label}</span><span class="dim small">{r.whole ? (r.box ? "box" : "whole") : r.end_us === r.start_us ? "point" : duration(r.end_us - r.start_us)}</span></button>
                    ))}</div>
                    <button class="btn primary" onClick={done}><Icon name="check" />Done, next <kbd>Enter</kbd></button>
                    <button class="btn" onClick={() => onNext(false)}>Later <kbd>j</kbd></button>
                    <p class="small faint">Nobody sees it before it is done{task.each > 1 ? ", and you do not see what others answered" : ""}.</p>
                </section>
            </aside>
        </div></main>
    );
}
