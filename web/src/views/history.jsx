// Every label change with who and when.
import { useState } from "preact/hooks";
import { useApi } from "../api.js";
import { ago, duration, when } from "../format.js";
import { Link, useNow, useTitle } from "../router.jsx";
import { Card, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";

/** One event as a line; onRestore puts its state back. */
export function EventLine({ e, now, onRestore }) {
    return (
        <div title={when(e.time_ms)}>
            <span class="dim">{ago(e.time_ms, now)}</span>
            <span class="row wrap">
                <b>{e.author}</b>
                {e.deleted ? <span class="dim">deleted</span> : <LabelChip name={e.label} />}
                <span class="dim small">{e.whole ? "whole recording" : e.box ? "box" : e.deleted ? `region ${e.region.slice(0, 6)}` : `${duration(e.end_us - e.start_us)}`}{e.source !== "human" && `, by ${e.source}`}, version {e.version}</span>
            </span>
            {onRestore ? (!e.deleted && <button class="btn ghost small" onClick={() => onRestore(e)}>Restore</button>) : <Link to={`/recordings/${e.rec}`}>recording {e.rec}</Link>}
        </div>
    );
}

export function HistoryView() {
    useTitle("History");
    const now = useNow();
    const [who, setWho] = useState("");
    const { data, error } = useApi("/api/history?limit=500", ["label_event"]);
    const people = [...new Set(data?.events.map((e) => e.author) || [])];
    const shown = data?.events.filter((e) => !who || e.author === who);
    return (
        <>
            <Top title={<h1>History</h1>}>
                <select value={who} onChange={(e) => setWho(e.target.value)} aria-label="Author"><option value="">everybody</option>{people.map((p) => <option>{p}</option>)}</select>
            </Top>
            <main><Card>
                {!data ? <Waiting error={error} what="History" /> : shown.length ? <div class="timeline">{shown.map((e) => <EventLine e={e} now={now} />)}</div> : <Empty icon="history" title="No label was set yet">Every change that anybody makes is listed here, and can be restored in its recording.</Empty>}
            </Card></main>
        </>
    );
}
