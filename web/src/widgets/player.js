// Playback of a recording's sound: the plot's playhead follows it.
import { h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { say } from "../store.js";

export function usePlayer(recording, plot) {
    const signal = recording.signals.find((s) => s.interval_ns > 0 && s.interval_ns <= 333334 && s.channels <= 2);
    const audio = useRef(null), range = useRef(null), frame = useRef(0);
    const [playing, setPlaying] = useState(false), [looping, setLooping] = useState(false);
    const time = () => (audio.current && signal && (playing || audio.current.currentTime > 0) ? signal.start_us + audio.current.currentTime * 1e6 : null);
    const follow = () => {
        const a = audio.current;
        if (!a) return;
        const t = signal.start_us + a.currentTime * 1e6;
        if (range.current && (t >= range.current.t1 || t < range.current.t0 - 2e5)) a.currentTime = (range.current.t0 - signal.start_us) / 1e6;
        plot.current.playhead = t;
        if (t > plot.current.t1 && plot.current.span < plot.current.end - plot.current.start) plot.current.show(t, t + plot.current.span);
        plot.current.redraw();
        if (!a.paused) frame.current = requestAnimationFrame(follow);
    };
    useEffect(() => () => { cancelAnimationFrame(frame.current); audio.current?.pause(); }, [recording.id]);
    const play = () => audio.current.play().then(() => { frame.current = requestAnimationFrame(follow); }, (e) => say(`the sound cannot be played: ${e.message}`, "error"));
    return {
        can: !!signal,
        playing,
        looping,
        time,
        toggle() { if (audio.current.paused) play(); else audio.current.pause(); },
        seek(t) {
            if (!signal || t === undefined) return;
            audio.current.currentTime = Math.max(0, (t - signal.start_us) / 1e6);
            plot.current.playhead = t;
            plot.current.redraw();
        },
        loop(r) {
            if (range.current || !r || r.t1 <= r.t0) {
                if (!range.current) say("select a region first");
                range.current = null;
                setLooping(false);
                return;
            }
            range.current = r;
            setLooping(true);
            audio.current.currentTime = (r.t0 - signal.start_us) / 1e6;
            if (audio.current.paused) play();
        },
        element: signal ? h("audio", { ref: audio, preload: "metadata", src: `/api/recordings/${recording.id}/audio.wav?stream=${encodeURIComponent(signal.name)}`, onPlay: () => setPlaying(true), onPause: () => setPlaying(false), onEnded: () => setPlaying(false) }) : null,
    };
}
