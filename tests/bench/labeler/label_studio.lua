-- The same tasks as requests.lua against Label Studio's API.
local task = os.getenv("TASK")
local project, first, count = os.getenv("PROJECT"), tonumber(os.getenv("FIRST")), tonumber(os.getenv("COUNT"))
local headers = {["Authorization"] = "Token " .. os.getenv("TOKEN"), ["Content-Type"] = "application/json"}

function init()
    math.randomseed(os.time())
end

local function number()
    return first + math.random(0, count - 1)
end

local tasks = {
    list = function()
        return wrk.format("GET", string.format("/api/tasks?project=%s&page_size=100&page=%d", project, math.random(1, math.floor(count / 100))), headers)
    end,
    one = function() return wrk.format("GET", "/api/tasks/" .. number(), headers) end,
    save = function()
        return wrk.format("POST", "/api/tasks/" .. number() .. "/annotations/", headers,
            '{"result":[{"from_name":"label","to_name":"ts","type":"timeserieslabels","value":{"start":1,"end":9,"instant":false,"timeserieslabels":["walk"]}}]}')
    end,
}
request = tasks[task]

function done(summary, latency)
    local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    io.write(string.format("%-13s %9.1f %9.2f %9.2f %9.2f %7d\n", task, summary.requests / (summary.duration / 1e6),
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, bad))
end
