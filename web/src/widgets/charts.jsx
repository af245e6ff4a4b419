// Small charts as SVG: bars over time, curves.

/** Bars per minute of the last hour. rows: [{t: ms, value, part}], part is drawn darker. */
export function MinuteBars({ rows, now }) {
    const minutes = 60, end = Math.floor(now / 60000) * 60000, byTime = new Map(rows.map((r) => [r.t, r]));
    const list = Array.from({ length: minutes }, (_, i) => byTime.get(end - (minutes - 1 - i) * 60000));
    const most = Math.max(1, ...list.map((r) => r?.value || 0));
    return (
        <svg viewBox="0 0 600 110" width="100%" height="110" preserveAspectRatio="none" role="img" aria-label={`recordings per minute in the last hour, at most ${most}`}>
            {[0.25, 0.5, 0.75].map((y) => <line x1="0" x2="600" y1={100 - 96 * y} y2={100 - 96 * y} stroke="var(--line)" stroke-width="1" vector-effect="non-scaling-stroke" />)}
            {list.map((r, i) => r && (
                <g>
                    <rect x={i * 10 + 1} width="8" y={100 - (96 * r.value) / most} height={(96 * r.value) / most} rx="1.5" fill="var(--accent)" opacity="0.85"><title>{`${r.value} recordings, ${r.part} uncertain`}</title></rect>
                    {r.part > 0 && <rect x={i * 10 + 1} width="8" y={100 - (96 * r.part) / most} height={(96 * r.part) / most} rx="1.5" fill="var(--warn)" />}
                </g>
            ))}
            <line x1="0" x2="600" y1="100" y2="100" stroke="var(--line-strong)" vector-effect="non-scaling-stroke" />
        </svg>
    );
}

/** Lines over steps. series: [{name, color, values: number[]}] */
export function Curves({ series, height = 150, xName = "epoch" }) {
    const all = series.flatMap((s) => s.values).filter((v) => isFinite(v));
    if (!all.length) return null;
    const lo = Math.min(0, ...all), hi = Math.max(...all, lo + 1e-9), n = Math.max(...series.map((s) => s.values.length));
    const x = (i) => (n > 1 ? (i / (n - 1)) * 560 + 34 : 34), y = (v) => height - 20 - ((v - lo) / (hi - lo)) * (height - 32);
    return (
        <div>
            <svg viewBox={`0 0 600 ${height}`} width="100%" role="img" aria-label={series.map((s) => s.name).join(", ")}>
                {[0, 0.5, 1].map((p) => {
                    const v = lo + (hi - lo) * p;
                    return (
                        <g>
                            <line x1="34" x2="594" y1={y(v)} y2={y(v)} stroke="var(--line)" />
                            <text x="28" y={y(v) + 4} text-anchor="end" font-size="11" fill="var(--dim)">{+v.toPrecision(2)}</text>
                        </g>
                    );
                })}
                {series.map((s) => <path d={s.values.map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("")} fill="none" stroke={s.color} stroke-width="2" stroke-dasharray={s.dash} stroke-linejoin="round" />)}
                <text x="594" y={height - 3} text-anchor="end" font-size="11" fill="var(--dim)">{`${n} ${xName}s`}</text>
            </svg>
            <div class="row wrap small dim">{series.map((s) => <span class="row" style={{ gap: "5px" }}><svg width="18" height="8"><line x1="0" x2="18" y1="4" y2="4" stroke={s.color} stroke-width="2" stroke-dasharray={s.dash} /></svg>{s.name}</span>)}</div>
        </div>
    );
}
