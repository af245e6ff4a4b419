// A confusion matrix: rows are what it was, columns what the model said.
import { percent } from "../format.js";

/** @param {{labels: string[], matrix: number[][], onCell?: (truth: string, said: string) => void}} p */
export function Confusion({ labels, matrix, onCell, compact }) {
    const size = compact ? { width: "34px", height: "26px", fontSize: "11.5px" } : undefined;
    return (
        <div class="scroll-x">
            <table class="confusion" aria-label="Confusion matrix: rows are the true label, columns what the model said">
                <thead>
                    <tr><th />{labels.map((l) => <th scope="col" class={compact ? "tight" : ""} title={`model said ${l}`}>{l}</th>)}{!compact && <th>recall</th>}</tr>
                </thead>
                <tbody>
                    {matrix.map((row, i) => {
                        const sum = row.reduce((a, b) => a + b, 0);
                        return (
                            <tr>
                                <th scope="row" class="side-name">{labels[i]}</th>
                                {row.map((n, j) => {
                                    const part = sum ? n / sum : 0;
                                    const color = i === j ? "var(--good)" : "var(--bad)";
                                    const strength = n === 0 ? 0 : i === j ? 12 + 55 * part : 18 + 60 * part;
                                    return (
                                        <td
                                            style={{ ...size, background: n ? `color-mix(in srgb, ${color} ${strength}%, var(--panel))` : "var(--sunken)", color: n ? "var(--text)" : "var(--faint)", cursor: onCell && n ? "pointer" : undefined }}
                                            title={`${labels[i]} taken for ${labels[j]}: ${n} of ${sum}`}
                                            tabIndex={onCell && n ? 0 : undefined} role={onCell && n ? "button" : undefined}
                                            onKeyDown={onCell && n ? (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); e.stopPropagation(); onCell(labels[i], labels[j]); } } : undefined}
                                            onClick={onCell && n ? () => onCell(labels[i], labels[j]) : undefined}
                                        >
                                            {n}
                                        </td>
                                    );
                                })}
                                {!compact && <th>{sum ? percent(row[i] / sum, 0) : "–"}</th>}
                            </tr>
                        );
                    })}
                </tbody>
            </table>
        </div>
    );
}
