# Worst stack of the functions defined below `module`, over the call graphs that gcc writes with
# -fcallgraph-info=su. Prints "BYTES FUNCTION"; a cycle of calls is an error, because the core must not recurse.
function depth(f,    i, n, d, best, called) {
    if (f in known) {
        return known[f]
    }
    if (f in open) {
        print "recursion through " f > "/dev/stderr"
        failed = 1
        return 0
    }
    open[f] = 1
    best = 0
    n = split(calls[f], called, " ")
    for (i = 1; i <= n; i++) {
        d = depth(called[i])
        if (d > best) {
            best = d
        }
    }
    delete open[f]
    known[f] = frame[f] + best
    return known[f]
}
function quoted(field,    s) {
    s = $0
    if (!sub(".*" field ": \"", "", s)) {
        return ""
    }
    sub("\".*", "", s)
    return s
}
/^node:/ {
    f = quoted("title")
    label = quoted("label")
    if (match(label, /[0-9]+ bytes/)) {
        bytes = substr(label, RSTART, RLENGTH) + 0
        frame[f] = bytes
        if (index(label, "\\n" module)) {
            mine[f] = 1
        }
    }
}
/^edge:/ {
    from = quoted("sourcename")
    calls[from] = calls[from] " " quoted("targetname")
}
END {
    worst = 0
    name = "-"
    for (f in mine) {
        d = depth(f)
        if (d > worst || (d == worst && f < name)) {
            worst = d
            name = f
        }
    }
    sub(".*:", "", name)
    print worst, name
    exit failed
}
