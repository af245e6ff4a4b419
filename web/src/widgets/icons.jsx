// Icons of the page: strokes on a 24-unit square.
const paths = {
    overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
    recordings: "M3 12h3l2-6 4 13 3-10 2 3h4",
    queue: "M4 6h16M4 12h10M4 18h7M17 14v6M14 17h6",
    devices: "M8 3v3M12 3v3M16 3v3M8 18v3M12 18v3M16 18v3M3 8h3M3 12h3M3 16h3M18 8h3M18 12h3M18 16h3M6 6h12v12H6z",
    models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
    rollouts: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
    labels: "M4 4h8l8 8-8 8-8-8zM8.5 8.500h.01",
    history: "M4 12a8 8 0 1 0 3-6.2M4 4v4h4M12 8v4l3 2",
    people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.700-6 6-6s6 2.5 6 6M16 4.500a3.5 3.5 0 0 1 0 6M17.5 14.500c2 .8 3.5 2.800 3.5 5.5",
    datasets: "M4 6c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3zM4 6v12c0 1.700 3.600 3 8 3s8-1.300 8-3V6M4 12c0 1.700 3.600 3 8 3s8-1.300 8-3",
    explorer: "M6 17h.01M9 12h.01M13 15h.01M17 8h.01M12 7h.01M18 14h.01M4 4v16h16",
    pictures: "M4 5h16v14H4zM4 15l5-5 5 5 2-2 4 4M15.500 9h.01",
    live: "M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM7.500 7.500a6 6 0 0 0 0 9M16.500 7.500a6 6 0 0 1 0 9M4.500 4.500a10 10 0 0 0 0 15M19.500 4.500a10 10 0 0 1 0 15",
    tasks: "M9 4h6v3H9zM9 5H6v15h12V5h-3M9 12l2 2 4-4M9 17h6",
    quality: "M5 12l4.5 4.500L19 7",
    coverage: "M4 4h4v4H4zM10 4h4v4h-4zM16 4h4v4h-4zM4 10h4v4H4zM10 10h4v4h-4zM4 16h4v4H4z",
    help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.200-1.5 2.400M12 18h.01",
    sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4.200 4.200l1.400 1.400M18.400 18.400l1.400 1.400M2 12h2M20 12h2M4.200 19.800l1.400-1.400M18.400 5.600l1.400-1.400",
    moon: "M20 14.500A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.500z",
    out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
    left: "M15 5l-7 7 7 7", right: "M9 5l7 7-7 7",
    undo: "M8 5L4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3", redo: "M16 5l4 4-4 4M20 9H10a6 6 0 0 0 0 12h3",
    play: "M7 4l13 8-13 8z", pause: "M7 4v16M17 4v16",
    fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
    plus: "M12 5v14M5 12h14", minus: "M5 12h14", close: "M6 6l12 12M18 6L6 18",
    trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13", split: "M12 3v18M4 8l3 4-3 4M20 8l-3 4 3 4",
    stack: "M4 6h16M4 12h16M4 18h16", check: "M5 12l5 5 9-11", alert: "M12 4l9 16H3zM12 10v4M12 17h.01",
    rec: "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12z", loop: "M17 3l3 3-3 3M20 6H8a4 4 0 0 0-4 4v1M7 21l-3-3 3-3M4 18h12a4 4 0 0 0 4-4v-1",
    down: "M12 4v12M7 11l5 5 5-5M4 20h16",
};

export function Icon({ name }) {
    return (
        <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path d={paths[name]} />
        </svg>
    );
}

export function Mark() {
    return (
        <svg viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="#3355d1" />
            <path d="M4 17h5l3-9 5 17 4-12 2 4h5" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" />
        </svg>
    );
}
