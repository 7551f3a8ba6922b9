-- Asks for the URLs of the file in $URLS, one after the other.  With
-- $ONCE, the number of connections, each URL is asked for exactly once, and
-- wrk ends when the last answer is there.

local urls = {}
local n = 0
local once = tonumber(os.getenv("ONCE"))
local idle = 0

-- not before: wrk.format() needs the Host header
init = function()
    for line in io.lines(os.getenv("URLS")) do
        urls[#urls + 1] = wrk.format("GET", line)
    end

    -- wrk's first call is a trial whose result isn't sent
    n = once and -1 or 0
end

-- A connection calls this when it has its answer.  One that gets nothing to
-- send waits; when all of them do, every answer is there.
request = function()
    n = n + 1

    if not once then
        return urls[(n - 1) % #urls + 1]
    end

    if n <= #urls then
        return urls[math.max(n, 1)]
    end

    idle = idle + 1

    if idle == once then
        -- wrk sleeps for its -d until a signal comes, which must find no
        -- other thread to go to
        wrk.thread:stop()
        os.execute("(sleep 0.2; kill -INT $PPID) >/dev/null 2>&1 &")
    end

    return ""
end

done = function(summary)
    io.write(string.format("RESULT %d %d %d\n", summary.bytes,
             summary.requests,
             summary.errors.connect + summary.errors.read
             + summary.errors.write + summary.errors.status
             + summary.errors.timeout))
end
