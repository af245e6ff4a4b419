// Tasks: who labels what. The list, making one, and one with its people, their progress and speed, and its review.
import { useState } from "preact/hooks";
import { post, put, useApi } from "../api.js";
import { ago, count, duration, many } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, go, useNow, useTitle } from "../router.jsx";
import { classes, may, me, say, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Dialog, Empty, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";
import { Review } from "./review.jsx";

const settled = (t) => t.done + t.accepted;

export function TasksView() {
    useTitle("Tasks");
    const now = useNow();
    const { data, error, reload } = useApi("/api/tasks", ["task"]);
    const [making, setMaking] = useState(false);
    const list = data?.tasks || [];
    const open = (i) => go(list[i].mine ? `/tasks/${list[i].id}/work` : `/tasks/${list[i].id}`);
    const [here] = useRows(list.length, { open, what: "task", group: "Tasks" });
    useKeys(may("reviewer") ? [{ key: "n", group: "Tasks", what: "new task", run: () => setMaking(true) }] : []);
    return (
        <>
            <Top title={<h1>Tasks</h1>}>{may("reviewer") && <button class="btn small primary" onClick={() => setMaking(true)}><Icon name="plus" />New task <kbd>n</kbd></button>}</Top>
            <main><Card>
                {!data ? <Waiting error={error} what="Tasks" /> : !list.length ? (
                    <Empty icon="tasks" title="No task yet">{may("reviewer") ? "Make one: choose recordings by a filter and the people who shall label them. Where several people judge the same recordings, nobody sees what the others said." : "A reviewer makes tasks; yours will be listed here. Until then, label from the queue."}</Empty>
                ) : (
                    <div class="scroll-x"><table aria-label="Tasks">
                        <thead><tr><th>Task</th><th>Progress</th><th class="n">To review</th><th class="n">Yours to do</th><th class="n">Made</th><th /></tr></thead>
                        <tbody>{list.map((t, i) => (
                            <tr data-row={i} class={`link ${i === here ? "here" : ""}`} style={t.closed_ms ? { opacity: 0.6 } : undefined} onClick={() => go(`/tasks/${t.id}`)}>
                                <td><Link to={`/tasks/${t.id}`}><b>{t.name}</b></Link> {t.each > 1 && <span class="chip" title="nobody sees the others' answers">{t.each} each, blind</span>} {t.closed_ms && <span class="chip">closed</span>}</td>
                                <td style={{ minWidth: "180px" }}><div class="row small"><div class="bar grow"><i style={{ width: `${(100 * settled(t)) / Math.max(1, t.items)}%` }} /></div><span class="dim">{count(settled(t))} of {count(t.items)}</span></div></td>
                                <td class="n">{t.review ? t.done || <span class="faint">0</span> : <span class="faint">none</span>}</td>
                                <td class="n">{t.mine ? <b>{count(t.mine)}</b> : <span class="faint">0</span>}</td>
                                <td class="n dim">{ago(t.created_ms, now)} by {t.author}</td>
                                <td class="right-align">{t.mine > 0 && <Link class="btn small primary" to={`/tasks/${t.id}/work`} onClickCapture={(e) => e.stopPropagation()}>Work</Link>}</td>
                            </tr>
                        ))}</tbody>
                    </table></div>
                )}
            </Card></main>
            {making && <Making onClose={(id) => { setMaking(false); if (id) { reload(); go(`/tasks/${id}`); } }} />}
        </>
    );
}

function Making({ onClose }) {
    const labels = useCell(classes);
    const people = useApi("/api/people").data?.people, devices = useApi("/api/devices").data?.devices, streams = useApi("/api/overview").data?.streams;
    const gold = useApi("/api/gold").data?.gold;
    const [f, setF] = useState({ name: "", note: "", people: [], each: 1, review: false, gold: 0, limit: 200, filter: { unlabelled: true } });
    const set = (o) => setF({ ...f, ...o }), filter = (o) => set({ filter: { ...f.filter, ...o } });
    const make = async (e) => {
        e.preventDefault();
        try {
            const body = { ...f, each: Math.min(f.each, f.people.length), gold: Math.min(f.gold, gold?.length || 0) };
            const made = await post("/api/tasks", body);
            say(`${many(made.recordings, "recording")} in the task${made.gold ? `, ${made.gold} of gold` : ""}`);
            onClose(made.id);
        } catch (problem) {
            say(problem.message, "error");
        }
    };
    return (
        <Dialog title="New task" wide onClose={() => onClose()}>
            <form class="col" onSubmit={make}>
                <div class="row"><label class="field grow">Name<input required maxLength={120} value={f.name} onInput={(e) => set({ name: e.target.value })} /></label>
                    <label class="field" style={{ width: "120px" }}>At most<input type="number" min="1" max="100000" value={f.limit} onInput={(e) => set({ limit: +e.target.value })} /></label></div>
                <label class="field">What to look for<textarea maxLength={2000} value={f.note} onInput={(e) => set({ note: e.target.value })} /></label>
                <h3>Which recordings, newest first</h3>
                <div class="row wrap">
                    <select aria-label="Device" value={f.filter.device || ""} onChange={(e) => filter({ device: e.target.value })}><option value="">Any device</option>{devices?.map((d) => <option>{d.id}</option>)}</select>
                    <select aria-label="Stream" value={f.filter.stream || ""} onChange={(e) => filter({ stream: e.target.value })}><option value="">Any stream</option>{streams?.map((s) => <option>{s.name}</option>)}</select>
                    <select aria-label="Label" value={f.filter.unlabelled ? "\n" : f.filter.label || ""} onChange={(e) => filter({ unlabelled: e.target.value === "\n", label: e.target.value === "\n" ? "" : e.target.value })}><option value={"\n"}>No label yet</option><option value="">Any label</option>{labels.map((c) => <option>{c.name}</option>)}</select>
                    <select aria-label="Certainty" value={f.filter.uncertain || 0} onChange={(e) => filter({ uncertain: +e.target.value })}><option value="0">Sure or not</option><option value="1">Model was unsure</option></select>
                    <input type="search" aria-label="Search" placeholder="Name, group, hint" value={f.filter.search || ""} onInput={(e) => filter({ search: e.target.value })} />
                </div>
                <h3>Who</h3>
                <div class="row wrap">{people?.map((p) => <label class="chip" style={{ padding: "4px 10px", cursor: "pointer" }}><input type="checkbox" checked={f.people.includes(p.name)} onChange={(e) => set({ people: e.target.checked ? [...f.people, p.name] : f.people.filter((n) => n !== p.name) })} />{p.name}</label>)}</div>
                <div class="row wrap">
                    <label class="field">Each judged by<select aria-label="Each judged by" value={Math.min(f.each, Math.max(1, f.people.length))} onChange={(e) => set({ each: +e.target.value })}>{Array.from({ length: Math.max(1, f.people.length) }, (_, i) => <option value={i + 1}>{i ? `${i + 1} people, blind` : "one person"}</option>)}</select></label>
                    <label class="field">Gold items mixed in<input type="number" style={{ width: "120px" }} min="0" max={gold?.length || 0} value={f.gold} onInput={(e) => set({ gold: +e.target.value })} title="recordings whose label is known; make them under Quality" /></label>
                    <label class="row small" style={{ alignSelf: "flex-end", minHeight: "32px" }}><input type="checkbox" checked={f.review || f.each > 1} disabled={f.each > 1} onChange={(e) => set({ review: e.target.checked })} />a reviewer accepts before it counts</label>
                </div>
                <div class="row"><button class="btn primary" disabled={!f.people.length}>Make the task</button><button type="button" class="btn" onClick={() => onClose()}>Cancel</button></div>
            </form>
        </Dialog>
    );
}

function HandOver({ task, from, onClose }) {
    const people = useApi("/api/people").data?.people;
    const [to, setTo] = useState("");
    const give = async (e) => {
        e.preventDefault();
        try {
            const { moved } = await post(`/api/tasks/${task.id}/hand-over`, { from, to });
            say(moved ? `${many(moved, "item")} handed to ${to}` : `${to} has all of them already`);
            onClose(true);
        } catch (problem) {
            say(problem.message, "error");
        }
    };
    return (
        <Dialog title={`Hand over what ${from} has left`} onClose={() => onClose(false)}>
            <form class="col" onSubmit={give}>
                <label class="field">To<select required value={to} onChange={(e) => setTo(e.target.value)}><option value="">choose</option>{people?.filter((p) => p.name !== from).map((p) => <option>{p.name}</option>)}</select></label>
                <p class="small dim">What is answered stays with {from}. Of a blind task, nobody gets a recording twice.</p>
                <div class="row"><button class="btn primary" disabled={!to}>Hand over</button></div>
            </form>
        </Dialog>
    );
}

export function TaskView({ id }) {
    const now = useNow();
    const { data: t, error, reload } = useApi(`/api/tasks/${id}`, ["task"]);
    const [hand, setHand] = useState(null);
    useTitle(t?.name || "Task");
    const back = <Link class="btn ghost icon" to="/tasks" aria-label="All tasks"><Icon name="left" /></Link>;
    useKeys([
        { key: "u", group: "Task", what: "back to all tasks", run: () => go("/tasks") },
        { key: "w", group: "Task", what: "work on it", run: () => t?.mine > 0 && go(`/tasks/${id}/work`) },
    ]);
    if (!t) return <><Top title={<div class="row">{back}<h1>Task</h1></div>} /><main><Waiting error={error} what="The task" /></main></>;
    const close = () => put(`/api/tasks/${id}`, { closed: !t.closed_ms }).then(reload, (e) => say(e.message, "error"));
    const mine = me.get().user.name;
    return (
        <>
            <Top title={<div class="row">{back}<h1>{t.name}</h1>{t.each > 1 && <span class="chip">{t.each} people each, blind</span>}{t.closed_ms && <span class="chip">closed</span>}</div>}>
                {t.mine > 0 && <Link class="btn small primary" to={`/tasks/${id}/work`}>Work, {count(t.mine)} left <kbd>w</kbd></Link>}
                {may("reviewer") && <button class="btn small" onClick={close}>{t.closed_ms ? "Open again" : "Close"}</button>}
            </Top>
            <main>
                <div class="col" style={{ gap: "16px" }}>
                    {t.note && <p class="dim" style={{ whiteSpace: "pre-wrap" }}>{t.note}</p>}
                    <Card title="People">
                        <div class="scroll-x"><table>
                            <thead><tr><th>Who</th><th>Progress</th><th class="n">Left</th><th class="n">Returned</th><th class="n">Time an item</th><th class="n">Items an hour</th><th class="n">Gold right</th><th class="n">Last</th><th /></tr></thead>
                            <tbody>{t.people.map((p) => {
                                const done = p.items - p.todo, each = done ? p.took_ms / done : 0, gold = p.gold_right + p.gold_wrong;
                                return (
                                    <tr>
                                        <td><b>{p.name}</b></td>
                                        <td style={{ minWidth: "150px" }}><div class="row small"><div class="bar grow"><i style={{ width: `${(100 * done) / Math.max(1, p.items)}%` }} /></div><span class="dim">{done} of {p.items}</span></div></td>
                                        <td class="n">{p.todo}</td><td class="n">{p.returned || <span class="faint">0</span>}</td>
                                        <td class="n">{each ? duration(Math.round(each * 1000)) : <span class="faint">–</span>}</td>
                                        <td class="n">{each ? count(Math.round(3.6e6 / each)) : <span class="faint">–</span>}</td>
                                        <td class="n">{gold ? `${p.gold_right} of ${gold}` : <span class="faint">–</span>}</td>
                                        <td class="n dim">{ago(p.last_ms, now)}</td>
                                        <td class="right-align">{p.todo > 0 && (may("reviewer") || p.name === mine) && <button class="btn small" onClick={() => setHand(p.name)}>Hand over</button>}</td>
                                    </tr>
                                );
                            })}</tbody>
                        </table></div>
                    </Card>
                    {may("reviewer") && t.review && <Review task={t} onChange={reload} />}
                </div>
            </main>
            {hand && <HandOver task={t} from={hand} onClose={(moved) => { setHand(null); if (moved) reload(); }} />}
        </>
    );
}
