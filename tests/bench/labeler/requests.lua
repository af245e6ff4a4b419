-- The requests of bench-labeler, for wrk: which one is chosen by TASK. Recordings, labels and stretches are drawn at random,
-- so that no cache answers for the program. At the end one line goes to stdout: how many, then the figures to show.
local task = os.getenv("TASK")
local first, count, sound = tonumber(os.getenv("FIRST")), tonumber(os.getenv("COUNT")), os.getenv("SOUND")
local base, token = os.getenv("BASE") or "", os.getenv("TOKEN")
local labels = {"idle", "walk", "run", "stairs", "fall", "ride", "sit", "rare"}
local thread_number, saved = 0, 0
local hour = 3600000000

function setup(thread)
    thread:set("number", thread_number)
    thread_number = thread_number + 1
end

function init()
    math.randomseed(os.time() * 64 + (number or 0))
    headers = {["Authorization"] = "Bearer " .. token}
    writing = {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"}
end

local function recording()
    return first + math.random(0, count - 1)
end

local function get(path)
    return wrk.format("GET", base .. path, headers)
end

local tasks = {
    list = function()
        return get(string.format("/api/recordings?label=%s&limit=100&after=%d", labels[math.random(#labels)], recording()))
    end,
    one = function() return get("/api/recordings/" .. recording()) end,
    overview = function() return get("/api/overview") end,
    ["tile-hour"] = function()
        local from = math.random(0, hour / 4)
        return get(string.format("/api/recordings/%s/signals?from=%d&to=%d&points=1500", sound, from, from + hour * 3 / 4))
    end,
    ["tile-10s"] = function()
        local from = math.random(0, hour - 10000000)
        return get(string.format("/api/recordings/%s/signals?from=%d&to=%d&points=1500", sound, from, from + 10000000))
    end,
    ["spectro-hour"] = function()
        local from = math.random(0, hour / 4)
        return get(string.format("/api/recordings/%s/spectrogram.png?from=%d&to=%d&width=1000&height=200", sound, from, from + hour * 3 / 4))
    end,
    ["spectro-10s"] = function()
        local from = math.random(0, hour - 10000000)
        return get(string.format("/api/recordings/%s/spectrogram.png?from=%d&to=%d&width=1000&height=200", sound, from, from + 10000000))
    end,
    save = function()
        saved = saved + 1
        local rec = recording()
        local no = math.floor((rec - first) / 100) + 1
        local body = string.format('{"label":"%s","region":"w%d-%d-%d","start_us":%d,"end_us":%d}', labels[math.random(7)], number or 0,
            os.time() % 100000000, saved, no * 2000000, no * 2000000 + 500000)
        return wrk.format("POST", base .. "/api/recordings/" .. rec .. "/labels", writing, body)
    end,
}
request = tasks[task]

function done(summary, latency)
    local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    io.write(string.format("%d %-13s %9.0f %9.2f %9.2f %9.2f %7d\n", summary.requests, task, summary.requests / (summary.duration / 1e6),
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, bad))
end
