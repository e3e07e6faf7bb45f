-- Rendezvous hashing over { node = weight }, with the interface of lua-resty-balancer, which Debian lacks.
local _M = {}
_M.__index = _M

function _M.new(_, nodes) return setmetatable({ nodes = nodes }, _M) end

function _M.reinit(self, nodes) self.nodes = nodes end

function _M.find(self, key)
  local best, highest
  for node in pairs(self.nodes) do
    local score = ngx.crc32_long(tostring(key) .. "|" .. node)
    if not highest or score > highest then best, highest = node, score end
  end
  return best
end

return _M
