-- Asks for the URLs of the file in $URLS, one after the other.

local urls = {}
local n = 0

-- not before: wrk.format() needs the Host header
init = function()
    for line in io.lines(os.getenv("URLS")) do
        urls[#urls + 1] = wrk.format("GET", line)
    end
end

request = function()
    n = n % #urls + 1
    return urls[n]
end

done = function(summary)
    io.write(string.format("RESULT %d %d %d\n", summary.bytes,
             summary.requests,
             summary.errors.connect + summary.errors.read
             + summary.errors.write + summary.errors.status
             + summary.errors.timeout))
end
