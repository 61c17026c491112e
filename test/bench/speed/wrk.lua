-- Sends the requests that load-by-wrk.ts describes in a folder, and leaves the result there.
local requests = {}
local at = 0

local function read(folder)
  local plan = io.lines(folder .. "/plan")
  local method, path, varies = plan(), plan(), plan()
  local headers = {}
  for line in plan do
    local name, value = line:match("^(.-): (.*)$")
    headers[name] = value
  end
  for value in io.lines(folder .. "/values") do
    local body = nil
    if varies == "body" then body = value end
    if varies == "authorization" then headers["authorization"] = value end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

-- Known by the environment: `done` runs where no arguments are.
local folder = os.getenv("LOAD_FOLDER")

function init()
  read(folder)
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local file = io.open(folder .. "/result", "w")
  file:write(string.format(
    '{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"failures":%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, failures))
  file:close()
end
