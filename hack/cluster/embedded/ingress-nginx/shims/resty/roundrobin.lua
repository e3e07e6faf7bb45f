-- Weighted round robin over { node = weight }, with the interface of lua-resty-balancer, which Debian lacks.
-- The caller compares `nodes` with its own list to see whether anything changed.
local _M = {}
_M.__index = _M

local function expand(nodes)
  local list = {}
  for node, weight in pairs(nodes) do
    for _ = 1, weight do list[#list + 1] = node end
  end
  table.sort(list)
  return list
end

function _M.new(_, nodes)
  return setmetatable({ nodes = nodes, list = expand(nodes), at = math.random(0, 1000) }, _M)
end

function _M.reinit(self, nodes)
  self.nodes, self.list = nodes, expand(nodes)
end

function _M.find(self)
  if #self.list == 0 then return nil end
  self.at = self.at % #self.list + 1
  return self.list[self.at]
end

return _M
