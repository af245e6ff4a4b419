// Samples for a plot: asks the server for stretches of a stream and keeps the last ones.
//
// A stretch is asked for half a view wider on either side, at about two entries a pixel, so that panning and
// small zooms need nothing new; until an answer arrives the best stretch that is there is drawn.
import { get, query } from "../api.js";

const KEEP = 8;

export class Tiles {
    /** @param {number} rec @param {object} signal  of /api/recordings/:id @param {() => void} onData */
    constructor(rec, signal, onData) {
        this.rec = rec;
        this.signal = signal;
        this.onData = onData;
        this.list = [];
        this.asked = new Set();
        this.timer = 0;
    }

    /** The finest stretch that covers t0..t1, or what covers most of it. */
    best(t0, t1) {
        let best = null, score = -1;
        for (const t of this.list) {
            const cover = Math.max(0, Math.min(t.to, t1) - Math.max(t.from, t0)) / Math.max(1, Math.min(this.signal.end_us, t1) - Math.max(this.signal.start_us, t0));
            const s = Math.min(cover, 0.999) * 1000 + 1 / t.bin;
            if (s > score) { score = s; best = t; }
        }
        return best;
    }

    enough(t0, t1, pixels) {
        const { start_us: a, end_us: b } = this.signal;
        const want = [Math.max(t0, a), Math.min(t1, b)];
        if (want[1] <= want[0]) return true;
        return this.list.some((t) => t.from <= want[0] && t.to >= want[1] && (t.bin === 1 || t.binUs <= ((t1 - t0) / pixels) * 1.3));
    }

    /** Sees to it that t0..t1 at that many pixels will be there soon. */
    want(t0, t1, pixels) {
        if (this.enough(t0, t1, pixels)) return;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(t0, t1, pixels), this.list.length ? 50 : 0);
    }

    async ask(t0, t1, pixels) {
        const { start_us: a, end_us: b } = this.signal;
        const span = t1 - t0;
        const from = Math.max(a, Math.floor(t0 - span / 2)), to = Math.min(b, Math.ceil(t1 + span / 2));
        const points = Math.min(8000, Math.max(200, Math.ceil((pixels * 1.6 * (to - from)) / span)));
        const url = `/api/recordings/${this.rec}/signals${query({ stream: this.signal.name, from, to, points })}`;
        if (to <= from || this.asked.has(url)) return;
        this.asked.add(url);
        try {
            const tile = await get(url);
            tile.binUs = (tile.bin * tile.interval_ns) / 1000;
            this.list.push(tile);
            while (this.list.length > KEEP) {
                const at = this.list.findIndex((t) => !(t.from <= a && t.to >= b)); // the whole view stays
                this.list.splice(at < 0 ? 1 : at, 1);
            }
            this.onData();
        } catch {
            setTimeout(() => { this.asked.delete(url); this.onData(); }, 2000);
            return;
        }
        this.asked.delete(url);
    }
}
