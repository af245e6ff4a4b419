// Moving through a list by keys: j, k, arrows, Home, End, Enter; the row in question is kept in sight.
import { useEffect, useState } from "preact/hooks";
import { useKeys } from "../keys.js";

/**
 * @param {number} count @param {{open?: (i: number) => void, what?: string, group?: string}} options
 * @returns {[number, (i: number) => void]} the row that keys are about; give its element data-row={i}
 */
export function useRows(count, { open, what = "row", group = "List" } = {}) {
    const [here, setHere] = useState(0);
    const at = Math.max(0, Math.min(here, count - 1));
    const to = (i) => setHere(Math.max(0, Math.min(count - 1, i)));
    useEffect(() => { document.querySelector(`[data-row="${at}"]`)?.scrollIntoView({ block: "nearest" }); }, [at]);
    useKeys([
        { key: "j", also: ["ArrowDown"], group, what: `next ${what}`, run: () => to(at + 1) },
        { key: "k", also: ["ArrowUp"], group, what: `previous ${what}`, run: () => to(at - 1) },
        { key: "Home", group, what: `first ${what}`, run: () => to(0) },
        { key: "End", group, what: `last ${what}`, run: () => to(count - 1) },
        ...(open ? [{ key: "Enter", group, what: `open the ${what}`, run: () => count > 0 && open(at) }] : []),
    ]);
    return [at, to];
}
