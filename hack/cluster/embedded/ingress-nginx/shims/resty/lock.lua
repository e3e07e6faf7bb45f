-- A lock on a shared dictionary that never waits, with the interface of lua-resty-lock, which Debian lacks.
-- The controller asks with timeout 0 only: "held by another" is the answer "timeout".
local _M = {}
_M.__index = _M

function _M.new(_, dictionary, options)
  local shared = ngx.shared[dictionary]
  if not shared then return nil, "dictionary not found" end
  return setmetatable({ shared = shared, expiry = options and options.exptime or 30 }, _M)
end

function _M.lock(self, key)
  local added, problem = self.shared:add(key, true, self.expiry)
  if not added then return nil, problem == "exists" and "timeout" or problem end
  self.key = key
  return 0
end

function _M.unlock(self)
  if not self.key then return nil, "unlocked" end
  self.shared:delete(self.key)
  self.key = nil
  return 1
end

return _M
