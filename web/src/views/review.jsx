// A reviewer's pass over a task: everybody's answers to a recording side by side, accepted or returned by one key.
import { useState } from "preact/hooks";
import { post, useApi } from "../api.js";
import { duration, many } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, go } from "../router.jsx";
import { say } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Dialog, Empty, LabelChip, Tabs, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";

const text = (a) => JSON.stringify(a.regions.map((r) => [r.label, r.start_us, r.end_us, r.box]).sort());
const waiting = (i) => i.answers.some((a) => a.state === "done") && !i.answers.some((a) => a.state === "accepted");
const agreed = (i) => i.answers.every((a) => text(a) === text(i.answers[0]));

function Said({ answer }) {
    if (!answer.regions.length) return <span class="faint">nothing to mark</span>;
    const marks = new Map();
    for (const r of answer.regions.filter((x) => !x.whole || x.box)) marks.set(r.label, [...(marks.get(r.label) || []), r]);
    return <>
        {answer.regions.filter((r) => r.whole && !r.box).map((r) => <LabelChip name={r.label} />)}
        {[...marks].map(([label, list]) => <LabelChip name={label}> <span class="dim">{list[0].box ? many(list.length, "box", "boxes") : `${list.length}×, ${duration(list.reduce((s, r) => s + r.end_us - r.start_us, 0))}`}</span></LabelChip>)}
    </>;
}

export function Review({ task, onChange }) {
    const { data, error, reload } = useApi(`/api/tasks/${task.id}/answers`, ["task"]);
    const [show, setShow] = useState("waiting"), [returning, setReturning] = useState(null), [note, setNote] = useState("");
    const all = data?.items || [], open = all.filter((i) => waiting(i));
    const list = show === "waiting" ? open : show === "differ" ? open.filter((i) => !agreed(i)) : all;
    const [here, setHere] = useRows(list.length, { open: (i) => go(`/recordings/${list[i].rec}`), what: "recording", group: "Review" });
    const item = list[here];
    const review = async (items, accept, why = "") => {
        try {
            await post(`/api/tasks/${task.id}/review`, { items, accept, note: why });
            say(accept ? `${many(items.length, "answer")} accepted` : `returned to ${items.map((i) => i.person).join(", ")}`);
            reload();
            onChange();
        } catch (e) {
            say(e.message, "error");
        }
    };
    const accept = (i, n) => i?.answers[n] && i.answers[n].state === "done" && review([{ rec: i.rec, person: i.answers[n].person }], true);
    const unanimous = open.filter((i) => agreed(i) && i.answers.filter((a) => a.state === "done").length >= Math.min(task.each, task.people.length));
    useKeys([
        ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => ({ key: String(n), group: "Review", what: n === 1 ? "accept the first answer (2: the second, ...)" : "", run: () => accept(item, n - 1) })),
        { key: "a", group: "Review", what: "accept all that agree", run: () => unanimous.length && review(unanimous.map((i) => ({ rec: i.rec, person: i.answers[0].person })), true) },
        { key: "r", group: "Review", what: "return with a note", run: () => item && waiting(item) && setReturning(item) },
    ]);
    return (
        <Card title="Review" extra={<><Tabs value={show} onChange={setShow} items={[["waiting", `Waiting ${open.length}`], ["differ", "They differ"], ["all", "All"]]} />
            {unanimous.length > 0 && <button class="btn small" onClick={() => review(unanimous.map((i) => ({ rec: i.rec, person: i.answers[0].person })), true)}><Icon name="check" />Accept {unanimous.length} that agree <kbd>a</kbd></button>}</>}>
            {!data ? <Waiting error={error} what="Answers" /> : !list.length ? <Empty icon="quality" title={all.length ? "Nothing waits for review" : "Nobody has answered yet"}>{all.length ? "Accepted answers are labels now; returned ones are with their people." : "Answers come here when somebody finishes a recording."}</Empty> : (
                <div class="scroll-x"><table aria-label="Answers">
                    <tbody>{list.slice(0, 300).map((i, row) => (
                        <tr data-row={row} class={row === here ? "here" : ""} onClick={() => setHere(row)}>
                            <td style={{ width: "110px" }}><Link to={`/recordings/${i.rec}`}><b>#{i.rec}</b></Link> {i.gold && <span class="chip warn">gold</span>}</td>
                            <td><div class="col" style={{ gap: "4px" }}>{i.answers.map((a, n) => (
                                <div class="row wrap"><span style={{ width: "84px" }} class="cut dim">{a.person}</span><Said answer={a} />
                                    {a.state === "accepted" && <span class="chip good"><Icon name="check" />accepted</span>}{a.state === "settled" && <span class="faint small">not taken</span>}
                                    {a.state === "done" && <button class="btn small ghost" onClick={() => accept(i, n)}>Accept {row === here && <kbd>{n + 1}</kbd>}</button>}</div>
                            ))}</div></td>
                            <td class="right-align">{waiting(i) && <>{!agreed(i) && <span class="chip warn">differ</span>} <button class="btn small" onClick={() => setReturning(i)}>Return {row === here && <kbd>r</kbd>}</button></>}</td>
                        </tr>
                    ))}</tbody>
                </table></div>
            )}
            {returning && (
                <Dialog title={`Return recording ${returning.rec}`} onClose={() => setReturning(null)}>
                    <form class="col" onSubmit={(e) => { e.preventDefault(); review(returning.answers.filter((a) => a.state === "done").map((a) => ({ rec: returning.rec, person: a.person })), false, note); setReturning(null); setNote(""); }}>
                        <label class="field">Why<textarea required autofocus maxLength={1000} value={note} onInput={(e) => setNote(e.target.value)} /></label>
                        <p class="small dim">It goes back to {returning.answers.filter((a) => a.state === "done").map((a) => a.person).join(", ")} with this note.</p>
                        <div class="row"><button class="btn primary" disabled={!note.trim()}>Return</button></div>
                    </form>
                </Dialog>
            )}
        </Card>
    );
}
