-- wrk's script: `wrk … -s load.lua URL -- REQUESTS.lua`. REQUESTS.lua returns an array of {method, path, headers, body},
-- sent in turn; done() prints one line of JSON.

local requests = {}
local sent = 0

function init(args)
   for _, each in ipairs(dofile(args[1])) do
      requests[#requests + 1] = wrk.format(each[1], each[2], each[3], each[4])
   end
end

function request()
   sent = sent + 1
   return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "refused": %d, "broken": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
