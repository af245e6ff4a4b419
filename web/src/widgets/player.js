// Playback of a recording's video or sound: the plot's playhead follows it. A video starts where its offset says.
import { h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { say } from "../store.js";

export function usePlayer(recording, plot, video) {
    const sound = recording.signals.find((s) => s.interval_ns > 0 && s.interval_ns <= 333334 && s.channels <= 2);
    const signal = video ? { start_us: recording.start_us + video.offset_us } : sound;
    const base = useRef(0);
    base.current = signal?.start_us || 0;
    const audio = useRef(null), range = useRef(null), frame = useRef(0);
    const [playing, setPlaying] = useState(false), [looping, setLooping] = useState(false);
    const time = () => (audio.current && signal && (playing || audio.current.currentTime > 0) ? base.current + audio.current.currentTime * 1e6 : null);
    const follow = () => {
        const a = audio.current;
        if (!a) return;
        const t = base.current + a.currentTime * 1e6;
        if (range.current && (t >= range.current.t1 || t < range.current.t0 - 2e5)) a.currentTime = (range.current.t0 - base.current) / 1e6;
        plot.current.playhead = t;
        if (t > plot.current.t1 && plot.current.span < plot.current.end - plot.current.start) plot.current.show(t, t + plot.current.span);
        plot.current.redraw();
        if (!a.paused) frame.current = requestAnimationFrame(follow);
    };
    useEffect(() => () => { cancelAnimationFrame(frame.current); audio.current?.pause(); }, [recording.id]);
    const play = () => audio.current.play().then(() => { frame.current = requestAnimationFrame(follow); }, (e) => say(`it cannot be played: ${e.message}`, "error"));
    return {
        can: !!signal,
        playing,
        looping,
        time,
        toggle() { if (audio.current.paused) play(); else audio.current.pause(); },
        seek(t) {
            if (!signal || t === undefined) return;
            audio.current.currentTime = Math.max(0, (t - base.current) / 1e6);
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
            audio.current.currentTime = (r.t0 - base.current) / 1e6;
            if (audio.current.paused) play();
        },
        // Shows the playhead where the media stands, after a seek by somebody else or another offset.
        follow,
        element: video ? h("video", { ref: audio, preload: "auto", playsInline: true, src: `/api/recordings/${recording.id}/video?${video.bytes}`, onPlay: () => setPlaying(true), onPause: () => setPlaying(false), onEnded: () => setPlaying(false), onSeeked: () => follow() })
            : sound ? h("audio", { ref: audio, preload: "metadata", src: `/api/recordings/${recording.id}/audio.wav?stream=${encodeURIComponent(sound.name)}`, onPlay: () => setPlaying(true), onPause: () => setPlaying(false), onEnded: () => setPlaying(false) }) : null,
    };
}
